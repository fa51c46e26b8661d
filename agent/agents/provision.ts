import { randomBytes } from 'node:crypto';
import type { Agent } from '../../src/core/agent.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { PuppetRun } from '../../src/core/puppet-run-schema.ts';
import { settingsOf } from '../declared-settings.ts';
import { readIfThere, writeAtomic } from '../files.ts';
import type { AgentHost, ProvisionedHost } from '../host.ts';
import { spkiOfKeyFile, writePuppetConf } from '../identity.ts';
import { whyNotFit } from '../puppet/certificate.ts';
import { agentCommand } from '../puppet/command.ts';
import { withPuppetHost } from '../puppet/hosts.ts';
import { adoptCa, fetchCertificate, submitRequest } from '../puppet/request-certificate.ts';
import { startResident } from '../puppet/resident.ts';
import { sslFiles } from '../puppet/ssl-dir.ts';
import { ProvisionSettings, provision } from './provision.ddl.ts';

/** What is asked of a Puppet run. */
interface RunInput {
  readonly run?: string | undefined;
  readonly environment: string;
  readonly timeout_s: number;
}

/**
 * Provisioning, as long as it is not disabled.
 * *Source:* agent/provision.rb of the provisioner of 2010, its faults mended.
 */
const agent: Agent<typeof provision, AgentHost> = {
  ddl: provision,
  activate: async (host) => host.node !== null && !host.node.state.get().disabled,
  actions: {
    async set_puppet_host({ ipaddress, hostname }, _request, host) {
      const path = settingsOf('provision', ProvisionSettings, host.config).hosts_file;
      const before = (await readIfThere(path)) ?? '';
      const after = withPuppetHost(before, ipaddress, hostname);
      if (after === before) return { changed: false };
      await writeAtomic(path, after, { mode: 0o644 });
      return { changed: true };
    },

    async request_certificate({ ca_pem, server, port }, request, host) {
      const { state, puppet } = nodeOf(host);
      const { certname } = state.get();
      const { privateKey } = sslFiles(puppet.sslDir, certname);
      const spki = await spkiOfKeyFile(privateKey);
      if (spki === null) throw new MusterError('NODE_IO', `${privateKey} is gone: provision this node anew`);
      await adoptCa(puppet, certname, ca_pem);
      await state.update({ puppet_server: { server, port } });
      await writePuppetConf(puppet, { server, ...(port === 8140 ? {} : { serverport: String(port) }) });
      const target = { puppet, certname, server, port, signal: request.signal };
      return { output: await submitRequest(target, ca_pem, spki), exitcode: 0, spki_sha256: spki };
    },

    bootstrap_puppet: (input, _request, host) => startRun(input, host),
    run_puppet: (input, _request, host) => startRun(input, host),

    daemonize_puppet: (_input, _request, host) => startResident(nodeOf(host).puppet),

    async has_cert({ ca_pem }, _request, host) {
      const { state, puppet } = nodeOf(host);
      const { certname } = state.get();
      const files = sslFiles(puppet.sslDir, certname);
      const [certificatePem, keyPem, ca] = await Promise.all(
        [files.certificate, files.privateKey, files.ca].map(readIfThere),
      );
      const caPem = ca_pem ?? ca;
      if (certificatePem == null) return { has_cert: false, reason: 'there is no certificate' };
      if (keyPem == null) return { has_cert: false, reason: 'there is no private key' };
      if (caPem == null) return { has_cert: false, reason: 'there is no CA certificate' };
      const reason = whyNotFit({ certificatePem, keyPem, caPem, certname, nowMs: host.clock.nowMs() });
      return { has_cert: reason === null, reason: reason ?? '' };
    },

    async lock_deploy({ owner }, _request, host) {
      let changed = false;
      await nodeOf(host).state.update(({ lock }) => {
        if (lock !== null && lock.owner !== owner)
          throw new MusterError('NODE_LOCKED', `locked by ${lock.owner}`);
        changed = lock === null;
        return { lock: lock ?? { owner, at_ms: host.clock.nowMs() } };
      });
      return { owner, changed };
    },

    async unlock_deploy({ owner }, _request, host) {
      let unlocked = false;
      await nodeOf(host).state.update(({ lock }) => {
        unlocked = lock !== null && (owner === undefined || lock.owner === owner);
        return { lock: unlocked ? null : lock };
      });
      return { unlocked };
    },

    async is_locked(_input, _request, host) {
      const { lock } = nodeOf(host).state.get();
      return { locked: lock !== null, owner: lock?.owner ?? null };
    },

    async disable_provisioner({ collective }, request, host) {
      const production = collective ?? host.config.collectives[0] ?? request.collective;
      // It hears what is asked of the new collective before it says that it is there.
      await host.enter(production, request.signal);
      // The lock goes too: nobody could release it afterwards.
      await nodeOf(host).state.update({ disabled: true, production, lock: null });
      host.changed();
      return { disabled: true };
    },

    is_disabled: async (_input, _request, host) => ({ disabled: nodeOf(host).state.get().disabled }),
  },
};

/** The `provision` agent of nodes that came by a hello. */
export default agent;

function nodeOf(host: AgentHost): ProvisionedHost {
  if (host.node !== null) return host.node;
  throw new MusterError('RPC_UNKNOWN_ACTION', 'this node is not provisioned by Muster');
}

function startRun(input: RunInput, host: AgentHost): Promise<PuppetRun> {
  const { state, puppet } = nodeOf(host);
  const { certname, puppet_server } = state.get();
  const { server, port } = puppet_server ?? { server: host.config.puppet.server, port: 8140 };
  const wish = {
    run: input.run ?? `run-${host.clock.nowMs()}-${randomBytes(3).toString('hex')}`,
    environment: input.environment,
    timeoutS: input.timeout_s,
  };
  return host.runs.start(wish, async () => {
    // Only a short cut: without it Puppet fetches the certificate itself, and says better why it cannot.
    await fetchCertificate({ puppet, certname, server, port }, host.clock.nowMs()).catch((cause: unknown) => {
      host.log.info({ err: asMusterError(cause).message }, 'the certificate is left to Puppet to fetch');
    });
    return agentCommand(puppet, { ...wish, certname, server, port });
  });
}

import type { Agent } from '../../src/core/agent.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { AgentHost } from '../host.ts';
import { type CaApi, certificateSpki, requestSpki } from '../puppet/ca-api.ts';
import { masterOf } from '../puppet/master.ts';
import { cleanName, signByKey } from '../puppet/sign.ts';
import { puppetca } from './puppetca.ddl.ts';

/**
 * The CA of this master, where the config says how to reach it. *Source:* the puppetca agent of 2010, which worked on
 * files, by name alone, and did not revoke.
 */
const agent: Agent<typeof puppetca, AgentHost> = {
  ddl: puppetca,
  activate: async (host) => host.config.puppetca !== undefined,
  actions: {
    async status({ certname }, request, host) {
      const master = await masterOf(host);
      const ca = master.api(request.signal);
      const server = await healthOf(ca);
      const known = server === 'unreachable' || certname === undefined ? null : await stateOf(ca, certname);
      const asked = certname === undefined || server === 'unreachable' ? null : 'none';
      return {
        server,
        ca_pem: master.caPem,
        state: known?.state ?? asked,
        spki_sha256: known?.spki ?? null,
        fingerprint: known?.fingerprint ?? null,
      };
    },

    async list(_input, request, host) {
      const ca = (await masterOf(host)).api(request.signal);
      const [requests, signed] = await Promise.all([ca.statuses('requested'), ca.statuses('signed')]);
      return { requests, signed };
    },

    sign: async ({ certname, spki_sha256 }, request, host) =>
      signByKey((await masterOf(host)).api(request.signal), certname, spki_sha256),

    clean: async ({ certname }, request, host) =>
      cleanName((await masterOf(host)).api(request.signal), certname),
  },
};

/** The `puppetca` agent of masters. */
export default agent;

/** Only connect errors and 503 mean unreachable; an error of TLS is told as it is. */
async function healthOf(ca: CaApi): Promise<'running' | 'starting' | 'unreachable'> {
  try {
    return (await ca.health()) === 'running' ? 'running' : 'starting';
  } catch (cause) {
    if (asMusterError(cause).code !== 'MASTER_UNREACHABLE') throw cause;
    return 'unreachable';
  }
}

async function stateOf(ca: CaApi, certname: string) {
  const status = await ca.status(certname);
  if (status === null) return null;
  const pem = status.state === 'requested' ? await ca.request(certname) : await ca.certificate(certname);
  if (pem === null)
    throw new MusterError('MASTER_UNREACHABLE', `the CA changed its mind about ${certname}; ask again`);
  const spki = status.state === 'requested' ? await requestSpki(pem) : certificateSpki(pem);
  return { state: status.state, fingerprint: status.fingerprint, spki };
}

import { openBus } from '../src/bus/connection.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { MusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { createOpener } from '../src/trust/seal.ts';
import { buildInfo } from './build-info.ts';
import type { NodeClock } from './clock.ts';
import {
  type Credentials,
  givenCredentials,
  keepCredentials,
  keptCredentials,
  readTrusted,
} from './credentials.ts';
import type { FactStore } from './facts.ts';
import { type Acceptance, type HelloContent, type HelloOptions, sayHello } from './hello.ts';
import type { ProvisionedHost } from './host.ts';
import { type NodeIdentity, prepareIdentity } from './identity.ts';
import { type Machine, readMachine, readOptionalEc2 } from './machine.ts';
import { findPuppet } from './puppet/paths.ts';
import { bootId } from './puppet/run-process.ts';

/** With what the daemon speaks, and, on a node that came by a hello, its state and Puppet. */
export interface Joined {
  readonly credentials: Credentials;
  readonly node: ProvisionedHost | null;
}

interface JoinContext {
  readonly facts: FactStore;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly clock: NodeClock;
  /** Say hello even with a certificate: the broker does not take it. */
  readonly anew: boolean;
}

/**
 * Finds out who this node is, and how it may speak: by a certificate that it was given, by the one that a controller
 * gave it earlier, or by saying hello. Throws CONFIG_INVALID, NODE_IO, or the reason of `signal`.
 */
export async function joinBus(config: DaemonConfig, context: JoinContext): Promise<Joined> {
  const given = await givenCredentials(config);
  if (given !== null) {
    if (config.collectives.length === 0) {
      throw new MusterError('CONFIG_INVALID', `collectives is empty: where is ${given.identity} to live?`);
    }
    // A master serves at once; its EC2 facts, if it has any, come along.
    void readOptionalEc2(config, context);
    return { credentials: given, node: null };
  }
  const { group, token } = config;
  if (group === undefined) {
    throw new MusterError(
      'CONFIG_INVALID',
      'give this node a group to say hello with, or trust.certificate and trust.key',
    );
  }
  const machine = await readMachine(config, context);
  const puppet = await findPuppet(config.puppet);
  const identity = await prepareIdentity({
    stateDir: config.state_dir,
    instanceId: machine.instanceId,
    certnameSuffix: config.certname_suffix,
    puppet,
    server: config.puppet.server,
    keyBits: config.puppet.key_bits,
    log: context.log,
  });
  const node = { state: identity.state, puppet };
  const kept = context.anew ? null : await keptCredentials(identity, config, context.clock.nowMs());
  if (kept !== null) return { credentials: kept, node };
  const content = helloContent({ machine, identity, group, token: token ?? '', facts: context.facts });
  const answer = await askToJoin(config, identity, content, context);
  return { credentials: await keepCredentials(identity, config, answer, context.clock.nowMs()), node };
}

function helloContent(own: {
  machine: Machine;
  identity: NodeIdentity;
  group: string;
  token: string;
  facts: FactStore;
}) {
  const { machine, identity } = own;
  return async (nonce: string, nowMs: number): Promise<HelloContent> => {
    const bound = {
      group: own.group,
      instance_id: machine.instanceId,
      bus_public_key: identity.busPublicKeyPem,
      puppet_csr: identity.puppetCsrPem,
    };
    const proof = (await machine.ec2?.proveRole({ ...bound, nonce }, nowMs)) ?? null;
    return {
      ...bound,
      token: own.token,
      boot_id: await bootId(),
      version: buildInfo().version,
      facts: await own.facts.early(),
      ...(machine.ec2 === null ? {} : { identity_document: machine.ec2.document }),
      ...(machine.ec2?.rsa2048 == null ? {} : { identity_rsa2048: machine.ec2.rsa2048 }),
      ...(proof === null ? {} : { sts_proof: proof }),
    };
  };
}

/** Says hello over a connection of its own, which may do nothing else and ends with the answer. */
async function askToJoin(
  config: DaemonConfig,
  identity: NodeIdentity,
  content: HelloOptions['content'],
  { log, signal, clock }: JoinContext,
): Promise<Acceptance> {
  const caPem = await readTrusted(config.trust.ca, 'trust.ca');
  const controllerPems = await Promise.all(
    config.trust.controllers.map((path) => readTrusted(path, 'trust.controllers')),
  );
  if (controllerPems.length === 0)
    throw new MusterError('CONFIG_INVALID', 'trust.controllers is empty: to whom to say hello?');
  const { host, port, vhost, hello_user: user, hello_password: passcode } = config.broker;
  const bus = openBus({
    broker: { host, port, vhost, tls: { ca: caPem }, login: { user, passcode } },
    log,
    clock,
  });
  try {
    const answer = await sayHello({
      bus,
      opener: createOpener({ caPem, clock }),
      busKeyPem: identity.busKeyPem,
      thumb: identity.thumb,
      controllerPems,
      content,
      backoff: { baseS: config.hello.base_s, capS: config.hello.cap_s },
      clock,
      log,
      signal,
    });
    log.info(
      { identity: answer.identity, run: answer.run, collective: answer.collective },
      'accepted by the controller',
    );
    return answer;
  } finally {
    await bus.close();
  }
}

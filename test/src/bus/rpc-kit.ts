import { z } from 'zod';
import type { Bus } from '../../../src/bus/bus.ts';
import { createRpcClient, type RpcClient } from '../../../src/bus/client.ts';
import { openBus } from '../../../src/bus/connection.ts';
import type { CallAttempt } from '../../../src/bus/dispatch.ts';
import { createRpcServer } from '../../../src/bus/server.ts';
import type { RpcServer, RpcServerOptions } from '../../../src/bus/server-types.ts';
import { type ActionRequest, type Agent, withStatus } from '../../../src/core/agent.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { OF_MUSTER } from '../../../src/core/contract.ts';
import { defineDdl } from '../../../src/core/ddl.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Role } from '../../../src/core/names.ts';
import { decide } from '../../../src/trust/policy/decide.ts';
import { parsePolicy } from '../../../src/trust/policy/parse.ts';
import { memoryReplayCache } from '../../../src/trust/replay.ts';
import type { MiniBroker } from '../../kit/broker-mini.ts';
import { testPki } from '../../kit/pki.ts';

const text = z.strictObject({ text: z.string().max(100) });

/** A DDL with one action for each way in which a call can end. */
export const probe = defineDdl({
  name: 'probe',
  description: 'Actions for tests',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 1,
  actions: {
    echo: { description: 'Says it again', display: 'always', input: text, output: text },
    half: { description: 'Fails with something to show', display: 'always', input: text, output: text },
    refuse: { description: 'Fails with a code', display: 'always', input: text, output: text },
    break: { description: 'Throws', display: 'always', input: text, output: text },
    hang: { description: 'Never ends', display: 'always', input: text, output: text },
    lie: { description: 'Gives what the DDL does not know', display: 'always', input: text, output: text },
  },
});

/** The agent of {@link probe}; `calls` are all requests that reached an action. */
function probeAgent(): { agent: Agent<typeof probe>; calls: ActionRequest[] } {
  const calls: ActionRequest[] = [];
  const actions: Agent<typeof probe>['actions'] = {
    echo: async (input, request) => {
      calls.push(request);
      return { text: input.text };
    },
    half: async (input) => withStatus({ text: input.text }, { status: 1, message: 'half of it' }),
    refuse: async (input) => {
      throw new MusterError('CA_REFUSED', input.text);
    },
    break: async () => {
      throw new TypeError('a bug');
    },
    hang: () => new Promise(() => undefined),
    lie: async () => ({ text: 'x'.repeat(101) }),
  };
  return { agent: { ddl: probe, activate: async () => true, actions }, calls };
}

const CALLERS = parsePolicy('allow\trole=controller role=operator\t*\t*\t*\n', new Map());

/** Lets controllers and operators call everything. Throws RPC_DENIED. */
function authorizeCallers({ sender, caller, action, facts, classes }: CallAttempt): void {
  const { verdict } = decide(CALLERS, {
    identity: 'web1',
    agents: new Set(),
    caller,
    role: sender.role,
    action,
    facts,
    classes,
  });
  if (verdict === 'deny') throw new MusterError('RPC_DENIED', `${caller} may not call ${action}`);
}

/** A bus to the mini broker. */
export function miniBus(broker: MiniBroker): Bus {
  return openBus({
    broker: { host: '127.0.0.1', port: broker.port, vhost: '/' },
    log: silentLog,
    clock: systemClock,
    backoffBaseMs: 5,
  });
}

/** A node that serves {@link probe} in `provisioning`. */
export async function serveProbe(
  bus: Bus,
  identity: string,
  options: Partial<RpcServerOptions> = {},
): Promise<{ server: RpcServer; calls: ActionRequest[] }> {
  const pki = await testPki();
  const { sealer } = await pki.holder(identity, 'node');
  const { agent, calls } = probeAgent();
  const server = createRpcServer({
    bus,
    sealer,
    opener: pki.opener,
    identity,
    collectives: ['provisioning'],
    agents: () => new Map([['probe', agent]]),
    host: null,
    facts: () => ({ country: 'de' }),
    authorize: authorizeCallers,
    replay: memoryReplayCache({ clock: systemClock }),
    log: silentLog,
    clock: systemClock,
    ...options,
  });
  await server.ready();
  return { server, calls };
}

/** A client with the certificate of this holder. */
export async function clientOf(bus: Bus, name: string, role: Role): Promise<RpcClient> {
  const pki = await testPki();
  const { sealer } = await pki.holder(name, role);
  return createRpcClient({ bus, sealer, opener: pki.opener, log: silentLog, clock: systemClock });
}

/** The same message with other values in its payload, under the old signature. */
export function edited(message: Buffer, changes: Record<string, unknown>): Buffer {
  const [header, payload = '', signature] = message.toString().split('.');
  const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...changes };
  return Buffer.from(
    [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.'),
  );
}

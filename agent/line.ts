import type { Bus } from '../src/bus/bus.ts';
import { openBus } from '../src/bus/connection.ts';
import type { RpcServer } from '../src/bus/server-types.ts';
import { systemClock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { MusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import type { Sealer } from '../src/core/seal.ts';
import { createSealer } from '../src/trust/seal.ts';
import type { Credentials } from './credentials.ts';

/** One certificate in use: the connection that logged in by it, and what signs with it. */
export interface Line {
  readonly bus: Bus;
  readonly sealer: Sealer;
}

const READY_MS = 30_000;
/** What the broker has given to the old connection before the new one heard anything is read within this time. */
const OVERLAP_MS = 1000;
/** Longer than any action takes. */
const RETIRE_MS = 300_000;

/** Connects with these credentials. `onLogin` hears of good and of refused logins. */
export function openLine(
  config: DaemonConfig,
  own: Credentials & { readonly caPem: string },
  log: Log,
  onLogin: (good: boolean) => void,
): Line {
  const { identity: name, certificatePem, keyPem, caPem } = own;
  const { host, port, vhost } = config.broker;
  const bus = openBus({
    broker: { host, port, vhost, tls: { ca: caPem, cert: certificatePem, key: keyPem } },
    log,
    clock: systemClock,
    onState: (state) => state === 'up' && onLogin(true),
    onFailure: (why) => why.code === 'BROKER_REFUSED' && onLogin(false),
  });
  return { bus, sealer: createSealer({ name, certificatePem, keyPem }) };
}

/** The line in use with its server, and older ones that still answer what they have heard. */
export interface Lines {
  readonly line: Line;
  readonly server: RpcServer;
  moveTo(line: Line, collectives: () => readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Begins with one line. `open` makes the server of a line. */
export function createLines(first: Line, open: (line: Line) => RpcServer): Lines {
  let now = { line: first, server: open(first) };
  const retiring = new Set<RpcServer>();
  return {
    get line() {
      return now.line;
    },
    get server() {
      return now.server;
    },
    async moveTo(line, collectives) {
      const next = { line, server: open(line) };
      try {
        await within(READY_MS, Promise.all([line.bus.ready(), next.server.ready()]));
      } catch (cause) {
        await next.server.stop();
        throw cause;
      }
      const { server } = now;
      now = next;
      retiring.add(server);
      // They may have changed meanwhile.
      void next.server.setCollectives(collectives()).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, OVERLAP_MS));
      await server.retire(RETIRE_MS);
      retiring.delete(server);
    },
    async stop() {
      await Promise.all([now.server, ...retiring].map((server) => server.stop()));
    },
  };
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const error = new MusterError('BROKER_UNREACHABLE', `the new connection was not ready within ${ms} ms`);
  const timer = setTimeout(() => late.reject(error), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

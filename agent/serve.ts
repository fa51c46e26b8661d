import type { Authorize } from '../src/bus/dispatch.ts';
import { publishEvent } from '../src/bus/events.ts';
import { createRpcServer } from '../src/bus/server.ts';
import type { RpcServerOptions } from '../src/bus/server-types.ts';
import { newRpcStats, type RpcStats } from '../src/bus/stats.ts';
import type { Agent } from '../src/core/agent.ts';
import type { Clock } from '../src/core/clock.ts';
import { MusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { MAX_CLASSES, type NodeEvent } from '../src/core/messages.ts';
import type { Opener } from '../src/core/seal.ts';
import { fileReplayCache } from '../src/trust/replay-file.ts';
import { activeAgents, areSame } from './active.ts';
import type { ClassList } from './classes.ts';
import type { DataStore } from './data-store.ts';
import type { FactStore } from './facts.ts';
import type { AgentHost, AnyAgent } from './host.ts';
import { createLines, type Line } from './line.ts';
import { createRegistration, printOf } from './registration.ts';

/** What is served, and with what. */
export interface ServeOptions {
  readonly line: Line;
  readonly opener: Opener;
  /** Digest of the list of revoked callers that this node has. */
  readonly revocations: () => string | null;
  readonly agents: ReadonlyMap<string, AnyAgent>;
  readonly facts: FactStore;
  readonly classes: ClassList;
  /** Remembers the ids of requests across restarts. */
  readonly replayFile: string;
  readonly registrationS: number;
  /** Facts whose change is no reason to register. */
  readonly volatile: readonly string[];
  readonly authorize: Authorize;
  readonly data: DataStore;
  readonly refused: NonNullable<RpcServerOptions['refused']>;
  readonly encryptReplies: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serving, until it is stopped. */
export interface Service {
  /** Agents that are served now. */
  served(): ReadonlyMap<string, AnyAgent>;
  /** What came of all that was heard. */
  stats(): Readonly<RpcStats>;
  /** Fulfilled when requests reach this node for the first time. */
  readonly listening: Promise<void>;
  /** Listens in one more collective until the next look; throws BROKER_UNREACHABLE when `signal` aborts before it is done. */
  enter(collective: string, signal: AbortSignal): Promise<void>;
  /** Looks again which agents are active and which collectives the node lives in; soon, so that a reply goes out first. */
  reconsider(): void;
  /**
   * Looks again which agents are active, and registers when they are others than before. Without `programs`, no program is run for it:
   * external agents stay as they are.
   */
  look(how: { readonly programs: boolean }): void;
  /** Tells the controllers something. Throws BROKER_UNREACHABLE, BROKER_REFUSED. */
  tell(event: NodeEvent['event']): Promise<void>;
  /**
   * Serves over another connection: first both are heard, so that no request is lost, then the old one alone ends what it
   * has heard. Fulfilled when the old one is not needed any more. Throws BROKER_UNREACHABLE when the new one does not come
   * up within 30 s: then nothing has changed.
   */
  moveTo(line: Line): Promise<void>;
  stop(): Promise<void>;
}

/** The broker ends a connection that asks for a collective which is not granted yet: the reply should be out by then. */
const RECONSIDER_MS = 500;

/** Serves the active agents and registers: at start, every `registrationS`, and when something has changed. */
export async function serve(options: ServeOptions, host: AgentHost): Promise<Service> {
  const { log } = options;
  const replay = fileReplayCache(options.replayFile, { clock: options.clock });
  // One count over all connections that this daemon has.
  const stats = newRpcStats();
  let active = await activeAgents(options.agents, host);
  let bound = bindAll(active, host);
  const open = (line: Line) =>
    createRpcServer({
      ...options,
      ...line,
      identity: host.identity,
      collectives: host.collectives(),
      agents: () => bound,
      host,
      facts: () => options.facts.current(),
      classes: () => options.classes.current(),
      replay,
      stats,
      data: (call, signal) => options.data.value(call, signal),
    });
  const lines = createLines(options.line, open);
  const tell: Service['tell'] = (event) => publishEvent({ ...lines.line, clock: options.clock }, event);

  const { facts, classes, volatile } = options;
  const registration = createRegistration({
    send: () => announce(tell, options, host, active),
    print: () => printOf(facts.current(), classes.current(), volatile),
    everyS: options.registrationS,
    log,
  });
  const unheard = [facts.onChange(registration.changed), classes.onChange(registration.changed)];
  let stopped = false;
  const take = (found: typeof active): void => {
    active = found;
    bound = bindAll(active, host);
    log.info({ agents: [...active.keys()], collectives: host.collectives() }, 'serving');
  };
  const reconsider = async () => {
    const found = await activeAgents(options.agents, host);
    if (stopped) return;
    take(found);
    await lines.server.setCollectives(host.collectives());
    registration.now();
  };
  const look = async (programs: boolean) => {
    const found = await activeAgents(options.agents, host, programs ? undefined : active);
    if (stopped || areSame(found, active)) return;
    take(found);
    registration.now();
  };

  log.info({ agents: [...active.keys()], collectives: host.collectives() }, 'serving');
  const listening = lines.server.ready();
  void listening.then(registration.now, () => undefined);
  let soon: NodeJS.Timeout | undefined;
  let turn = Promise.resolve();
  return {
    served: () => active,
    stats: () => stats,
    listening,
    enter: (collective, signal) =>
      orAborted(
        lines.server.setCollectives([...new Set([...host.collectives(), collective])]),
        signal,
        `the broker did not let the node into ${collective} in time`,
      ),
    reconsider() {
      clearTimeout(soon);
      // One after the other: what is found last has to hold.
      soon = setTimeout(() => {
        turn = turn.then(reconsider).catch(() => undefined);
      }, RECONSIDER_MS);
    },
    look({ programs }) {
      turn = turn.then(() => look(programs)).catch(() => undefined);
    },
    tell,
    moveTo: (line) => lines.moveTo(line, () => host.collectives()),
    async stop() {
      stopped = true;
      registration.stop();
      for (const stop of unheard) stop();
      clearTimeout(soon);
      await lines.stop();
      replay.close();
    },
  };
}

/** The server of the bus knows nothing of our host: each action gets it from here. */
function bindAll(agents: ReadonlyMap<string, AnyAgent>, host: AgentHost): ReadonlyMap<string, Agent> {
  const bind = ({ ddl, graceS = 0, activate, actions }: AnyAgent): Agent => ({
    ddl,
    graceS,
    activate: () => activate(host),
    actions: Object.fromEntries(
      Object.entries(actions).map(([name, run]): [string, Agent['actions'][string]] => [
        name,
        (input, request) => run(input, request, host),
      ]),
    ),
  });
  return new Map([...agents].map(([name, agent]) => [name, bind(agent)]));
}

/** Registers; gives the print of what was said. *Source:* MCollective's registration. */
async function announce(
  tell: Service['tell'],
  options: ServeOptions,
  host: AgentHost,
  active: ReadonlyMap<string, AnyAgent>,
): Promise<string> {
  const classes = await options.classes.refresh();
  const facts = await options.facts.facts();
  const collectives = [...host.collectives()];
  const revocations = options.revocations();
  const audit = await host.archive?.head();
  await tell({
    kind: 'registration',
    agents: [...active.keys()],
    facts,
    classes: classes.slice(0, MAX_CLASSES),
    collectives,
    version: host.version,
    every_s: options.registrationS,
    ...(revocations === null ? {} : { revocations }),
    ...(audit === null || audit === undefined ? {} : { audit }),
  });
  return printOf(facts, classes, options.volatile);
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal, message: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const give = () => reject(new MusterError('BROKER_UNREACHABLE', message));
  signal.addEventListener('abort', give, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', give));
}

import type { ActionInput, ActionName, ActionOutput, Ddl } from '../../core/ddl.ts';
import type { AskEvents } from './ask.ts';
import type { FilterOptions } from './ask-options.ts';
import { type AskPlan, checkTyped, planAsk } from './ask-plan.ts';
import { type Asked, goneLine } from './asked.ts';
import { collectiveOf, inCollective } from './collective.ts';
import { confirmWholeFleet } from './confirm.ts';
import { checkDataFields } from './data-fields.ts';
import { type Discovered, discover } from './discovery/discover.ts';
import type { DiscoveryPlace, Finder, Wanted } from './discovery/finder.ts';
import { chooseFinder } from './discovery/method.ts';
import type { Fleet } from './fleet.ts';
import { interruption, orStopped } from './interruption.ts';
import { selected } from './selection.ts';
import { send } from './send.ts';
import { readSettings } from './settings.ts';
import { stopSignal } from './stop.ts';

/** What `askNodes` of ask.ts does. */
export async function askNodes<D extends Ddl, N extends ActionName<D>>(
  options: FilterOptions,
  ddl: D,
  action: N,
  input: ActionInput<D, N>,
  events: AskEvents<ActionOutput<D, N>> = {},
): Promise<Asked<ActionOutput<D, N>>> {
  await checkTyped(ddl, action, input);
  const plan = planAsk(options, ddl, action);
  return withDiscovered(options, plan, { agent: ddl.name, what: `${ddl.name}#${action}` }, async (found) => {
    const { fleet, collective, names, discovered, finder, discoveryMs } = found;
    events.onDiscovered?.(names.length);
    const [startedAtMs, startMs] = [Date.now(), performance.now()];
    const replyMs = new Map<string, number>();
    const { enough } = events;
    if (names.length === 0) await found.sayNobody();
    const returned = await send({
      ...{ rpc: fleet.rpc, registry: fleet.registry, collective, ddl, action, input, plan, names },
      ...(enough === undefined ? {} : { enough }),
      signal: stopSignal(),
      bound: plan.changes || plan.selection.limit !== null || finder.method !== 'registry',
      onReply: (reply) => {
        const afterMs = performance.now() - startMs;
        replyMs.set(reply.identity, afterMs);
        events.onReply?.(reply, afterMs);
      },
    });
    const wasEnough = returned.replies.length === enough;
    const silent = wasEnough ? [] : [...new Set([...returned.silent, ...discovered.silent])].sort();
    const expected = new Set(names);
    return {
      what: `${ddl.name}#${action}`,
      replies: returned.replies.sort((a, b) => (a.identity < b.identity ? -1 : 1)),
      silent,
      gone: discovered.gone,
      unexpected: [...replyMs.keys()].filter((name) => !expected.has(name)).sort(),
      method: finder.method,
      discovered: names.length - returned.unmatched.length + discovered.silent.length,
      ...{ discoveryMs, startedAtMs, replyMs },
      tookMs: performance.now() - startMs,
      requests: returned.requests,
      interrupted: interruption(returned.notAsked.sort()),
      lost: silent.length > 0 ? fleet.lost() : null,
    };
  });
}

/** Nodes that were found, and who asks them. */
export interface FoundNodes {
  readonly fleet: Fleet;
  readonly collective: string;
  readonly finder: Finder;
  readonly discovered: Discovered;
  /** Those that are asked, sorted. */
  readonly names: readonly string[];
  readonly discoveryMs: number;
  /** Tells on standard error that nothing is sent, and what may be the reason. */
  sayNobody(): Promise<void>;
}

/** Finds the nodes of a request, asks before a change of the whole fleet, and runs `use` while connected. Throws as {@link askNodes}. */
export async function withDiscovered<T>(
  options: FilterOptions,
  plan: AskPlan,
  request: { readonly agent: string; readonly what: string },
  use: (found: FoundNodes) => Promise<T>,
): Promise<T> {
  const { filter, methodOptions, discoveryS, selection, changes, timeoutS } = plan;
  const notSent = `${request.what} was not sent`;
  await checkDataFields(filter.expression);
  const config = await readSettings(options);
  const collective = collectiveOf(options, config.collectives.production);
  const wanted: Wanted = {
    filter,
    agent: request.agent,
    waitS: discoveryS,
    options: methodOptions,
    collective,
  };
  const finder = await orStopped(chooseFinder(options, wanted), notSent);
  const { openFleet } = await import('./fleet.ts');
  const fleet = await orStopped(openFleet(config, timeoutS), notSent);
  try {
    const startMs = performance.now();
    const line = isQuiet(options, finder) ? null : discoveryLine(finder);
    line?.begin();
    const place = placeOf(fleet);
    const found = inCollective(options, () => discover(finder, wanted, place));
    const discovered = await orStopped(found, notSent).catch((thrown: unknown) => {
      line?.failed();
      throw thrown;
    });
    const discoveryMs = finder.method === 'identities' ? 0 : performance.now() - startMs;
    const names = selected(discovered.names, selection);
    line?.found(names.length);
    if (discovered.gone.length > 0 && line !== null) process.stderr.write(`${goneLine(discovered.gone)}\n\n`);
    const whole =
      filter.empty && selection.limit === null && ['registry', 'broadcast'].includes(finder.method);
    if (changes && whole && options.yes !== true && names.length > 0)
      await orStopped(confirmWholeFleet({ what: request.what, count: names.length, collective }), notSent);
    const sayNobody = () => tellNobody(wanted, finder, place);
    const nodes = { fleet, collective, finder, discovered, names, discoveryMs, sayNobody };
    return await inCollective(options, () => use(nodes));
  } finally {
    await fleet.close();
  }
}

async function tellNobody(wanted: Wanted, { method }: Finder, place: DiscoveryPlace): Promise<void> {
  process.stderr.write('No request sent, we did not discover any nodes.\n');
  if (method !== 'registry') return;
  const { ownDataNames } = await import('./ddls.ts');
  const { whyNobody } = await import('./discovery/why-nobody.ts');
  const known = await place.known();
  for (const line of whyNobody(wanted, known.values(), await ownDataNames()))
    process.stderr.write(`  ${line}\n`);
}

function placeOf(fleet: Fleet): DiscoveryPlace {
  const read = async () => new Map((await fleet.registry.list()).map((node) => [node.identity, node]));
  let known: ReturnType<typeof read> | undefined;
  return {
    rpc: fleet.rpc,
    known: () => {
      known ??= read();
      return known;
    },
  };
}

function isQuiet({ json, quiet }: FilterOptions, { method }: Finder): boolean {
  return json === true || quiet === true || method === 'identities';
}

/** How nodes are found and how many: begun first where that takes its time. *Source:* MCollective's line before each request. */
function discoveryLine({ method, fixedS }: Finder): {
  begin(): void;
  found(count: number): void;
  failed(): void;
} {
  const tell = (text: string) => void process.stderr.write(text);
  const wait = fixedS === null ? '' : ` for ${fixedS} second(s)`;
  const text = `Discovering hosts using the ${method} method${wait} .... `;
  let begun = false;
  return {
    begin: () => {
      begun = fixedS !== null;
      if (begun) tell(text);
    },
    failed: () => {
      if (begun) tell('\n');
    },
    found: (count) => tell(`${begun ? '' : text}${count}\n\n`),
  };
}

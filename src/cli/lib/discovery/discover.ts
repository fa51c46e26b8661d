import { type KnownNode, overdue } from '../../../controller/registry.ts';
import type { FilterSubject } from '../../../core/filter/ast.ts';
import { evaluate } from '../../../core/filter/evaluate.ts';
import { DISCOVERY_S, type DiscoveryPlace, type Finder, needsFacts, type Wanted } from './finder.ts';

/** Who is to be asked. */
export interface Discovered {
  readonly names: readonly string[];
  /** Nodes that may be meant and did not say whether they are. */
  readonly silent: readonly string[];
  /** Nodes that are meant, but stopped registering: only those who name them ask them. */
  readonly gone: readonly string[];
  /** Whether the agent of the request still has to be part of its filter. */
  readonly given: boolean;
}

/**
 * Finds nodes and compares each with the filter, as far as the registry knows it. Where that does not decide (data plug-ins, nodes
 * that it does not know) the node itself is asked; one that is known and silent is named. Throws what the method throws.
 */
export async function discover(finder: Finder, wanted: Wanted, place: DiscoveryPlace): Promise<Discovered> {
  const { names, filtered, given } = await finder.find(place);
  const whole = filtered === 'all' || (given && !needsFacts(wanted));
  if (whole) return { names: narrowedByName(names, wanted, filtered), silent: [], gone: [], given };
  const known = await place.known();
  // Whoever was named by somebody is asked all the same.
  const late = finder.method === 'registry' ? overdue(known.values()) : new Set<string>();
  for (const name of wanted.filter.names) late.delete(name);
  const { sure, open, gone } = sorted(names, known, late, wanted, given);
  if (open.length === 0) return { names: sure, silent: [], gone, given };
  const asked = await askThemselves(open, wanted, place, given);
  return { names: [...sure, ...asked.names], silent: asked.silent, gone, given };
}

/** Names from a file or another command, when names were typed as well: both must hold. */
function narrowedByName(
  names: readonly string[],
  { filter }: Wanted,
  filtered: 'all' | 'none',
): readonly string[] {
  if (filtered === 'all' || filter.names.length === 0) return names;
  return names.filter((name) => filter.names.includes(name));
}

/** Does the registry decide? Of those that are or may be meant, the late ones are gone. Pure. */
function sorted(
  names: readonly string[],
  known: ReadonlyMap<string, KnownNode>,
  late: ReadonlySet<string>,
  { filter, agent }: Wanted,
  given: boolean,
): { sure: string[]; open: string[]; gone: string[] } {
  const [sure, open, gone]: [string[], string[], string[]] = [[], [], []];
  for (const name of names) {
    const node = known.get(name);
    const truth =
      node === undefined ? unknownTruth(name, filter) : evaluate(filter.expression, subjectOf(node));
    const serves = given || node === undefined || node.agents.includes(agent);
    if (truth === false || !serves) continue;
    if (late.has(name)) gone.push(name);
    else if (truth === true) sure.push(name);
    else open.push(name);
  }
  return { sure, open, gone };
}

/** A node that nobody has heard of: its name may decide, all else it has to say itself. */
function unknownTruth(name: string, filter: Wanted['filter']): boolean | null {
  if (filter.namesOnly) return filter.names.includes(name);
  return filter.empty ? true : null;
}

function subjectOf({ identity, facts, classes, agents }: KnownNode): FilterSubject {
  return { identity, facts, classes, agents: new Set(agents) };
}

/** Every node of the list answers yes or no, so that nobody waits for those that are not meant. */
async function askThemselves(
  names: readonly string[],
  { filter, agent, collective, waitS }: Wanted,
  { rpc }: DiscoveryPlace,
  given: boolean,
): Promise<{ names: string[]; silent: readonly string[] }> {
  const { rpcutil } = await import('../../../../agent/agents/rpcutil.ddl.ts');
  const agents = given ? filter.wire.agent : [...new Set([...filter.wire.agent, agent])];
  const { replies, silent } = await rpc.ask(
    collective,
    rpcutil,
    'ping',
    {},
    {
      filter: { ...filter.wire, identity: [...names], agent: agents },
      expected: names,
      timeoutS: waitS ?? DISCOVERY_S,
    },
  );
  return { names: replies.map(({ identity }) => identity), silent };
}

import type { AskOptions } from '../../../../src/bus/ask.ts';
import type { DiscoveryPlace } from '../../../../src/cli/lib/discovery/finder.ts';
import type { KnownNode } from '../../../../src/controller/registry.ts';

function node(identity: string, facts: Record<string, string>, more: Partial<KnownNode> = {}): KnownNode {
  const common = {
    role: 'node',
    agents: ['probe', 'rpcutil'],
    classes: [],
    version: '1',
    lastSeenMs: 0,
  } as const;
  return {
    ...common,
    agents: [...common.agents],
    classes: [],
    collectives: ['mcollective'],
    identity,
    facts,
    ...more,
  };
}

const KNOWN = [
  node('web1', { role: 'web' }, { classes: ['apache'] }),
  node('web2', { role: 'web' }),
  node('db1', { role: 'db' }),
  node('old1', { role: 'web' }, { agents: ['rpcutil'] }),
  node('eu1', { role: 'web' }, { collectives: ['eu'] }),
];
/** When the nodes above were heard of is 0. */
const LATER_MS = 3_600_000;
/** Nodes of which the first three were last heard of an hour before the others. */
export const SOME_GONE = KNOWN.map((one, index) => ({
  ...one,
  lastSeenMs: index < 3 ? 0 : LATER_MS,
  ...(index === 2 ? {} : { everyS: 300 }),
}));

/** A place, and what was asked there. */
export interface Asking {
  readonly place: DiscoveryPlace;
  /** What nodes were asked. */
  readonly asked: AskOptions<unknown>[];
  readonly registryReads: () => number;
}

/** A place whose nodes answer as `answers` says: they match, they do not, or they are silent. */
export function placeWith(answers: Record<string, 'match' | 'other'> = {}, known = KNOWN): Asking {
  const asked: AskOptions<unknown>[] = [];
  let reads = 0;
  const place = {
    known: async () => {
      reads += 1;
      return new Map(known.map((one) => [one.identity, one]));
    },
    rpc: {
      async ask(
        _collective: string,
        _ddl: unknown,
        _action: string,
        _input: unknown,
        options: AskOptions<unknown>,
      ) {
        asked.push(options);
        const those = (what: string) => Object.keys(answers).filter((name) => answers[name] === what);
        const silent = options.expected.filter((name) => answers[name] === undefined);
        const replies = those('match').map((identity) => ({ identity }));
        return { replies, unmatched: those('other'), silent, requests: ['id'] };
      },
    },
  };
  return { place: place as unknown as DiscoveryPlace, asked, registryReads: () => reads };
}

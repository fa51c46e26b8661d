import { setTimeout as sleep } from 'node:timers/promises';
import type { Rpc } from '../../src/controller/deps.ts';
import type { Ddl } from '../../src/core/ddl.ts';
import { MusterError } from '../../src/core/errors.ts';
import { type FakeMaster, masterActions } from './run-master.ts';
import { type FakeNode, nodeActions } from './run-node.ts';

/** Masters and nodes that answer as real ones do, in memory; what goes in and out is checked against the DDLs. */
export interface World {
  readonly rpc: Rpc;
  readonly nodes: Map<string, FakeNode>;
  readonly masters: Map<string, FakeMaster>;
  /** Called when a Puppet run ends. */
  onRunEnded: (identity: string, run: string) => void;
  /** Every call that arrived, `identity agent#action`. */
  readonly calls: string[];
  /** How often something was changed on a node or master. */
  changes: number;
  /** The most Puppet runs that a master had at a time. */
  peak(master: string): number;
}

export type Actions = Record<string, (input: never) => unknown>;

const UNREACHABLE_MS = 20;

/** An empty world. */
export function createWorld(): World {
  const world: World = {
    nodes: new Map(),
    masters: new Map(),
    onRunEnded: () => undefined,
    calls: [],
    changes: 0,
    peak: (master) => world.masters.get(master)?.peakRuns ?? 0,
    rpc: {
      node: (collective, identity, facts) => ({
        identity,
        facts,
        async call(ddl, action, input, options = {}) {
          return (await answer(world, collective, identity, ddl, action, input, options.signal)) as never;
        },
      }),
      async ask(collective, ddl, action, input, { expected }) {
        const replies = [];
        for (const { identity } of world.masters.values()) {
          const data = await answer(world, collective, identity, ddl, action, input).catch(() => null);
          if (data !== null)
            replies.push({
              identity,
              role: 'master' as const,
              status: 0,
              code: null,
              message: 'OK',
              data: data as never,
            });
        }
        const answered = new Set(replies.map((reply) => reply.identity));
        const silent = expected.filter((identity) => !answered.has(identity));
        return { replies, silent, unmatched: [], requests: [] };
      },
    },
  };
  return world;
}

async function answer(
  world: World,
  collective: string,
  identity: string,
  ddl: Ddl,
  action: string,
  input: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const declared = ddl.actions[action];
  if (declared === undefined) throw new Error(`no ${ddl.name}#${action}`);
  const parsed = declared.input.parse(input);
  const where = `${identity} ${ddl.name}#${action}`;
  const actions = actionsOf(world, collective, identity);
  await sleep(actions === null ? UNREACHABLE_MS : 1, undefined, signal === undefined ? {} : { signal }).catch(
    () => undefined,
  );
  if (signal?.aborted === true || actions === null)
    throw new MusterError('NODE_UNREACHABLE', `${where}: no answer`);
  world.calls.push(where);
  const run = actions[`${ddl.name}#${action}`];
  if (run === undefined)
    throw new MusterError('RPC_UNKNOWN_ACTION', `there is no ${ddl.name}#${action} here`);
  return declared.output.parse(run(parsed as never));
}

/** null when nobody of this name hears in this collective. */
function actionsOf(world: World, collective: string, identity: string): Actions | null {
  const master = world.masters.get(identity);
  if (master !== undefined)
    return master.silent || collective !== 'mcollective' ? null : masterActions(master, world);
  const node = world.nodes.get(identity);
  if (node === undefined || node.silent || node.collective !== collective) return null;
  return nodeActions(node, world);
}

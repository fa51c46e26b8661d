import { silentLog } from '../../src/core/log.ts';
import type { StepContext } from '../../src/core/step.ts';
import { addMaster, type FakeMaster } from './run-master.ts';
import { addNode, type FakeNode } from './run-node.ts';
import { createWorld, type World } from './run-world.ts';

/** A node `i-1` and two masters, and the context of a step about them. */
export interface Scene {
  readonly world: World;
  readonly node: FakeNode;
  readonly master: FakeMaster;
  readonly other: FakeMaster;
  readonly context: StepContext;
  /** Collectives that the step asked to move to, in order. */
  readonly moves: string[];
  changes(): number;
}

/** A fresh scene; `puppet-a` is the chosen master. */
export function createScene(): Scene {
  const world = createWorld();
  const [master, other] = [addMaster(world, 'puppet-a'), addMaster(world, 'puppet-b')];
  const node = addNode(world, 'i-1');
  const moves: string[] = [];
  const rpcMaster = (each: FakeMaster) => world.rpc.node('mcollective', each.identity, each.facts);
  const context: StepContext = {
    run: {
      id: 'i-1.aaaaaa',
      instanceId: 'i-1',
      certname: 'i-1',
      group: 'web',
      puppetSpkiSha256: node.spki,
      retries: 0,
    },
    node: {
      identity: 'i-1',
      facts: {},
      call: (ddl, action, input, options) =>
        world.rpc.node(node.collective, 'i-1', {}).call(ddl, action, input, options),
    },
    master: rpcMaster(master),
    masters: [rpcMaster(master), rpcMaster(other)],
    collectives: { provisioning: 'provisioning', production: 'mcollective' },
    moveToCollective: async (collective) => void moves.push(collective),
    signal: new AbortController().signal,
    log: silentLog,
  };
  return { world, node, master, other, context, moves, changes: () => world.changes };
}

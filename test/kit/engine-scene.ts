import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Engine } from '../../src/controller/engine.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { startTestEngine } from './run-fakes.ts';
import { addMaster } from './run-master.ts';
import { addNode } from './run-node.ts';
import { createWorld, type World } from './run-world.ts';

type TestOptions = Parameters<typeof startTestEngine>[0];
type EngineOptions = Omit<TestOptions, 'door'> & Partial<Pick<TestOptions, 'door'>>;

/** Engines on a real Redis for one test file; each ends with its test. */
export function engineScene(): {
  door(): ReturnType<TestRedis['door']>;
  /** On a door of its own, unless one is given. */
  engineOf(options: EngineOptions): Promise<Engine>;
  worldOf(nodes: readonly string[], masters?: Record<string, Record<string, string>>): World;
} {
  let redis: TestRedis;
  const engines: Engine[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });
  afterAll(() => redis.stop());
  return {
    door: () => redis.door(),
    async engineOf(options) {
      const engine = await startTestEngine({ ...options, door: options.door ?? (await redis.door()) });
      engines.push(engine);
      return engine;
    },
    worldOf(nodes, masters = { 'puppet-a': {} }) {
      const world = createWorld();
      for (const [identity, facts] of Object.entries(masters)) addMaster(world, identity, facts);
      for (const identity of nodes) addNode(world, identity);
      return world;
    },
  };
}

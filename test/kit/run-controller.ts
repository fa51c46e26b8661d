// A controller's engine in a process of its own, to be killed: `run-controller.ts URL PREFIX`. Walks runs whose plan is
// one, slow, three; each step notes itself in a list in Redis, and `slow` never ends.
import { z } from 'zod';
import { openRedis, type RedisDoor } from '../../src/controller/redis.ts';
import { systemClock } from '../../src/core/clock.ts';
import { ControllerConfig } from '../../src/core/config/controller.ts';
import { silentLog } from '../../src/core/log.ts';
import { defineStep, type Step } from '../../src/core/step.ts';
import { startTestEngine, testConfig } from './run-fakes.ts';
import { addMaster } from './run-master.ts';
import { addNode } from './run-node.ts';
import { createWorld } from './run-world.ts';

/** The steps one, slow and three; the second one takes `slowMs`. */
export function notingSteps(
  door: RedisDoor,
  slowMs: number | null,
  onSlow: () => void = () => undefined,
): Map<string, Step> {
  const step = (name: string, work: () => Promise<void>, needsMasterSlot = false) =>
    defineStep({
      name,
      summary: name,
      options: z.unknown(),
      timeoutS: 600,
      needsMasterSlot,
      async run() {
        await door.quick.rpush(door.key('test-calls'), name);
        await work();
        return { outcome: 'done', detail: '' };
      },
    });
  const slow = async () => {
    onSlow();
    await new Promise((resolve) => (slowMs === null ? undefined : setTimeout(resolve, slowMs)));
  };
  const steps = [
    step('one', async () => undefined),
    step('slow', slow, true),
    step('three', async () => undefined),
  ];
  return new Map(steps.map((each) => [each.name, each]));
}

if (import.meta.main) {
  const [url, prefix] = process.argv.slice(2);
  const door = await openRedis(ControllerConfig.shape.redis.parse({ url, prefix }), silentLog);
  const world = createWorld();
  addMaster(world, 'puppet-a');
  addNode(world, 'i-1');
  await startTestEngine({
    ...{ door, world, config: testConfig() },
    steps: notingSteps(door, null, () => process.stdout.write('in mid-step\n')),
    more: { clock: systemClock },
  });
}

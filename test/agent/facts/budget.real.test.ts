import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDaemon } from '../../kit/daemon.ts';
import { type DaemonScene, startScene } from '../daemon-scene.ts';
import { eventually } from '../temp.ts';

let scene: DaemonScene;

beforeAll(async () => {
  scene = await startScene();
});

afterAll(async () => {
  await scene?.end();
});

test('A daemon with more facts than a message holds registers with those that fit, and says which file is too large', async () => {
  const id = 'dc-node-facts';
  const config = await scene.aConfig({ instance_id: id });
  const huge = join(config.facts.dir, 'a-huge.yaml');
  await writeFile(
    huge,
    Array.from({ length: 9000 }, (_, index) => `k${index}: ${'x'.repeat(100)}\n`).join(''),
  );
  startDaemon(config);
  await eventually(() => scene.said(id, 'registration').length > 0);
  const [first] = scene.said(id, 'registration');
  expect(first?.event).toMatchObject({
    facts: { role: 'web', muster_facts_left_out: expect.stringContaining(`of ${huge} (`) },
  });
});

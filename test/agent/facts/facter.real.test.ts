import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFacter } from '../../../agent/facts/facter.ts';
import { createFactStore } from '../../../agent/facts.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { eventually, tempDir } from '../temp.ts';

test('the real Facter tells of this machine, in the background, and a daemon that starts again has it at once', async () => {
  const dir = await tempDir();
  const options = {
    ...{
      program: null,
      cacheFile: join(dir, 'facter.json'),
      bootId: 'boot-1',
      everyS: 1800,
      afterMs: 0,
      folders: [],
    },
    synced: { custom: [join(dir, 'lib')], external: [join(dir, 'synced')] },
    ...{ clock: systemClock, log: silentLog },
  };
  await mkdir(join(dir, 'facts.d'));
  await writeFile(join(dir, 'facts.d', 'site.yaml'), 'os: {family: Ours}\n');
  for (const folder of ['lib', 'synced']) await mkdir(join(dir, folder));
  await writeFile(join(dir, 'lib', 'tier.rb'), "Facter.add(:tier) { setcode { { 'name' => 'front' } } }");
  await writeFile(join(dir, 'synced', 'module.txt'), 'from_module=yes');
  const aStore = async () => {
    const facter = await openFacter(options);
    const [factsDir, stateDir] = [join(dir, 'facts.d'), join(dir, 'state')];
    return createFactStore({ dir: factsDir, stateDir, facterDir: '', files: [], facter, log: silentLog });
  };
  const store = await aStore();
  const stop = new AbortController();
  await store.facts();
  expect(store.current()).not.toHaveProperty('kernel');
  store.follow(stop.signal);
  await eventually(() => store.current().kernel, 60_000);
  stop.abort();
  expect(store.current()).toMatchObject({
    kernel: 'Linux',
    'tier.name': 'front',
    from_module: 'yes',
    'os.family': 'Ours',
    'os.name': expect.any(String),
    'networking.interfaces.lo.ip': '127.0.0.1',
    // Lists are JSON, so that include() finds what is in them.
    'processors.models': expect.stringMatching(/^\[".*"\]$/),
  });
  expect(await (await aStore()).facts()).toMatchObject({ kernel: 'Linux' });
}, 90_000);

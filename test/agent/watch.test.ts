import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followFolders } from '../../agent/watch.ts';
import { tempDir } from './temp.ts';

test('Of a folder where other things lie, too, only the files that matter are looked at', async () => {
  const dir = await tempDir();
  const stop = new AbortController();
  const looks = { picky: 0, any: 0 };
  const waiting: PromiseWithResolvers<void>[] = [];
  const next = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    waiting.push(one);
    return one.promise;
  };
  // The one that hears all began later and settles as long: when it looks, the other one would have looked already.
  followFolders(
    [dir],
    () => looks.picky++,
    stop.signal,
    (folder, name) => folder === dir && name.endsWith('.yaml'),
  );
  followFolders(
    [dir],
    () => {
      looks.any += 1;
      waiting.shift()?.resolve();
    },
    stop.signal,
  );
  let looked = next();
  await writeFile(join(dir, 'daemon.log'), 'a line');
  await looked;
  expect(looks).toEqual({ picky: 0, any: 1 });
  looked = next();
  await writeFile(join(dir, 'daemon.yaml'), 'log: {}');
  await looked;
  expect(looks.picky).toBe(1);
  stop.abort();
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { follow } from '../../../agent/external/follow.ts';
import { eventually, tempDir } from '../temp.ts';

const NEVER_MS = 3_600_000;

async function followed(look: (count: number) => Promise<number>, failed = () => NEVER_MS) {
  const dir = await tempDir();
  let looks = 0;
  const end = follow(dir, {
    look: () => {
      looks += 1;
      return look(looks);
    },
    failed,
  });
  onTestFinished(end);
  await eventually(() => looks > 0);
  return { dir, end, looks: () => looks };
}

test('A folder is looked at as soon as something changes in it, long before the next look is due', async () => {
  const { dir, looks } = await followed(async () => NEVER_MS);
  await writeFile(join(dir, 'new'), '');
  await eventually(() => looks() > 1);
});

test('A folder that never rests is looked at, too', async () => {
  const { dir, looks } = await followed(async () => NEVER_MS);
  let count = 0;
  const busy = setInterval(() => void writeFile(join(dir, 'busy'), String(count++)), 20);
  onTestFinished(() => clearInterval(busy));
  await eventually(() => looks() > 2);
});

test('A look that fails is followed by the next', async () => {
  const { looks } = await followed(
    async (count) => {
      if (count === 1) throw new Error('EIO');
      return NEVER_MS;
    },
    () => 10,
  );
  await eventually(() => looks() === 2);
});

test('Nothing is looked at after the end', async () => {
  const { end, looks } = await followed(async () => 10);
  await eventually(() => looks() > 2);
  end();
  const before = looks();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(looks() - before).toBeLessThanOrEqual(1);
});

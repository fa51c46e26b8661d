import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lookAt } from '../../../agent/external/take.ts';
import { lookTrusted } from '../../../agent/external/trusted.ts';
import { aNode } from '../host.ts';
import { tempDir } from '../temp.ts';
import { contract, lay, program, say } from './kit.ts';

async function aTalker() {
  const dir = await tempDir();
  await lay(dir, { 'talker.json': contract('talker'), talker: program(`reply '{}'`) });
  const found = { name: 'talker', file: join(dir, 'talker.json'), dir };
  const options = { known: undefined, refused: () => false, configDir: dir, root: join(dir, '.run') };
  const look = (nowMs: number) => lookAt(found, { ...options, settleMs: 5000, nowMs });
  return { dir, look };
}

test('Files are taken five seconds after the last change of one of them, and not while a clock is behind them', async () => {
  const { dir, look } = await aTalker();
  const { changedAtMs } = await lookTrusted(join(dir, 'talker'));
  expect((await look(changedAtMs + 4900)).kind).toBe('young');
  expect((await look(changedAtMs - 100)).kind).toBe('young');
  expect((await look(changedAtMs + 5001)).kind).toBe('taken');
  // A clock that is hours behind says nothing about what happens now.
  expect((await look(changedAtMs - 3_600_000)).kind).toBe('taken');
});

test('A program that changes after it was taken is not run: it may be half copied', async () => {
  const { dir, look } = await aTalker();
  const taken = await look(Date.now() + 60_000);
  if (taken.kind !== 'taken') throw new Error(JSON.stringify(taken));
  const { host } = await aNode();
  const agents = new Map([['talker', taken.taken.agent]]);
  expect(await say(agents, 'talker', {}, { host })).toMatchObject({ status: 0 });
  await lay(dir, { talker: program('touch "$(dirname "$0")/ran"') });
  expect(await say(agents, 'talker', {}, { host })).toMatchObject({
    ...{ status: 1, code: 'RPC_ABORTED' },
    message: `${join(dir, 'talker')} is being changed: try again in a few seconds`,
  });
});

import { expect, test } from 'vitest';
import { type BatcherDeps, createBatcher } from '../../../src/ec2/batcher.ts';
import type { Ec2Instance } from '../../../src/ec2/instance.ts';

const signal = new AbortController().signal;
const instance = (id: string) => ({ id }) as Ec2Instance;

/** A batcher over an EC2 that knows what `knows` says, and the calls that were made. */
function batcher(knows: (id: string) => boolean, more: Partial<BatcherDeps> = {}) {
  const calls: { region: string; ids: readonly string[] }[] = [];
  const look: BatcherDeps['look'] = async (region, ids) => {
    calls.push({ region, ids });
    return { found: new Map(ids.filter(knows).map((id) => [id, instance(id)])) };
  };
  return { calls, lookUp: createBatcher({ look, windowMs: 5, againAfterMs: [10], ...more }) };
}

test('a thousand look-ups make five calls of 200, the same id once', async () => {
  const { calls, lookUp } = batcher(() => true);
  const ids = Array.from({ length: 1000 }, (_, index) => `i-${index}`);
  const found = await Promise.all([...ids, ...ids].map((id) => lookUp('eu-west-1', id, signal)));
  expect(found.map((each) => each?.id)).toEqual([...ids, ...ids]);
  expect(calls.map((call) => call.ids.length)).toEqual([200, 200, 200, 200, 200]);
});

test('regions are asked apart', async () => {
  const { calls, lookUp } = batcher(() => true);
  await Promise.all([lookUp('eu-west-1', 'i-1', signal), lookUp('us-east-1', 'i-1', signal)]);
  expect(calls.map(({ region }) => region).sort()).toEqual(['eu-west-1', 'us-east-1']);
});

test('one that EC2 does not know fails nobody else, is asked for again, and is null in the end', async () => {
  const { calls, lookUp } = batcher((id) => id !== 'i-bad');
  const [good, bad] = await Promise.all([lookUp('r', 'i-good', signal), lookUp('r', 'i-bad', signal)]);
  expect([good?.id, bad]).toEqual(['i-good', null]);
  expect(calls.map(({ ids }) => ids)).toEqual([['i-good', 'i-bad'], ['i-bad']]);
});

test('one that EC2 comes to know meanwhile is found', async () => {
  let tries = 0;
  const { lookUp } = batcher(() => ++tries > 1);
  expect((await lookUp('r', 'i-1', signal))?.id).toBe('i-1');
});

test('an error is of those who asked then, not of those who ask later', async () => {
  let fails = true;
  const look: BatcherDeps['look'] = async (_, ids) => {
    if (fails) throw new Error('throttled');
    return { found: new Map(ids.map((id) => [id, instance(id)])) };
  };
  const { lookUp } = batcher(() => true, { look });
  await expect(lookUp('r', 'i-1', signal)).rejects.toThrow('throttled');
  fails = false;
  expect((await lookUp('r', 'i-1', signal))?.id).toBe('i-1');
});

test('who gives up does not wait any longer', async () => {
  const { lookUp } = batcher(() => false, { againAfterMs: [60_000] });
  const stop = new AbortController();
  const asked = lookUp('r', 'i-1', stop.signal);
  setTimeout(() => stop.abort(), 30);
  await expect(asked).rejects.toMatchObject({ code: 'EC2_UNREACHABLE' });
});

test('nor for an EC2 that does not answer', async () => {
  const { lookUp } = batcher(() => true, { look: () => new Promise(() => undefined) });
  await expect(lookUp('r', 'i-1', AbortSignal.timeout(30))).rejects.toMatchObject({
    code: 'EC2_UNREACHABLE',
  });
});

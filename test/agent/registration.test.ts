import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRegistration, printOf } from '../../agent/registration.ts';
import { VOLATILE_FACTS } from '../../src/core/config/volatile.ts';
import { silentLog } from '../../src/core/log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A node that registers every five minutes; `random` 0 to 1. */
function aNode(random = 0, everyS = 300) {
  const node = { state: 'a', fails: false, sentAtS: [] as number[] };
  const startMs = Date.now();
  const registration = createRegistration({
    async send() {
      node.sentAtS.push((Date.now() - startMs) / 1000);
      if (node.fails) throw new Error('no broker');
      return node.state;
    },
    print: () => node.state,
    clock: { nowMs: () => Date.now(), monotonicMs: () => Date.now() },
    random: () => random,
    ...{ everyS, log: silentLog },
  });
  const change = (state: string) => {
    node.state = state;
    registration.changed();
  };
  const after = (s: number) => vi.advanceTimersByTimeAsync(s * 1000);
  return { node, registration, change, after };
}

test('a node registers at once, and every five minutes when nothing changes', async () => {
  const { node, registration, after } = aNode();
  registration.changed();
  await after(1);
  expect(node.sentAtS).toEqual([]);
  registration.now();
  await after(600);
  expect(node.sentAtS).toEqual([1, 300, 600]);
  registration.stop();
  await after(600);
  expect(node.sentAtS).toHaveLength(3);
});

test('a change is told soon, each node at a moment of its own', async () => {
  for (const [random, atS] of [
    [0, 100],
    [0.5, 102.5],
    [1, 105],
  ] as const) {
    const { node, registration, change, after } = aNode(random);
    registration.now();
    await after(100);
    change('b');
    await after(10);
    expect(node.sentAtS).toEqual([0, atS]);
    registration.stop();
  }
});

test('many changes are told together, not within ten seconds of the last registration', async () => {
  const { node, registration, change, after } = aNode();
  registration.now();
  await after(1);
  for (const state of ['b', 'c', 'd']) {
    change(state);
    await after(1);
  }
  await after(60);
  expect(node.sentAtS).toEqual([0, 10]);
  registration.stop();
});

test('what is as it was when its time comes is not told', async () => {
  const { node, registration, change, after } = aNode();
  registration.now();
  await after(1);
  change('b');
  await after(1);
  change('a');
  await after(60);
  expect(node.sentAtS).toEqual([0]);
  registration.stop();
});

test('changes that do not end are told ever more seldom, up to the usual period', async () => {
  const { node, registration, change, after } = aNode(0, 3600);
  registration.now();
  for (let second = 0; second < 3500; second += 1) {
    await after(1);
    change(String(second));
  }
  expect(node.sentAtS).toEqual([0, 10, 30, 70, 150, 310, 630, 1270, 2550]);
  await after(7200);
  change('at rest');
  await after(10);
  expect(node.sentAtS.at(-1)).toBe(10_700);
  registration.stop();
});

test('what changed while a registration was sent is told by the next', async () => {
  const { node, registration, after } = aNode();
  registration.now();
  node.state = 'b';
  await after(60);
  expect(node.sentAtS).toEqual([0, 10]);
  registration.stop();
});

test('nothing is registered after the end, whatever changed while the last one was sent', async () => {
  const { node, registration, change, after } = aNode();
  registration.now();
  node.state = 'b';
  registration.stop();
  await after(60);
  change('c');
  registration.now();
  await after(600);
  expect(node.sentAtS).toEqual([0]);
});

test('one that fails is not the last', async () => {
  const { node, registration, after } = aNode();
  node.fails = true;
  registration.now();
  await after(301);
  expect(node.sentAtS).toEqual([0, 300]);
  registration.stop();
});

test('facts that change all the time do not count, classes and all others do', () => {
  const print = (facts: Record<string, string>, classes = ['web']) => printOf(facts, classes, VOLATILE_FACTS);
  const facts = { role: 'web', 'memory.system.total': '1' };
  const ever = {
    ...{ 'system_uptime.seconds': '7', 'load_averages.1m': '0.1', uptime: 'x', memoryfree_mb: '5' },
    ...{ 'memory.system.available_bytes': '5', 'mountpoints./var/log.used': '3', _timestamp: 'now' },
  };
  expect(print({ ...ever, ...facts })).toBe(print(facts));
  expect(print({ 'memory.system.total': '1', role: 'web' })).toBe(print(facts));
  expect(print({ ...facts, role: 'db' })).not.toBe(print(facts));
  expect(print({ ...facts, 'memory.system.total': '2' })).not.toBe(print(facts));
  expect(print({ ...facts, 'up.time': '2' })).not.toBe(print(facts));
  expect(print(facts, ['db'])).not.toBe(print(facts));
  expect(printOf({ aXb: '1' }, [], ['a.b'])).not.toBe(printOf({}, [], ['a.b']));
});

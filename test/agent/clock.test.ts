import { beforeEach, describe, expect, test } from 'vitest';
import { type NodeClockOptions, openNodeClock } from '../../agent/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { tempDir } from './temp.ts';

const HOUR = 3_600_000;
/** The machine believes that it is `wall`; it has been up for `up`. */
let wall: number;
let up: number;
let own: NodeClockOptions;

beforeEach(async () => {
  [wall, up] = [1_000 * HOUR, HOUR];
  const machine = { nowMs: () => wall, monotonicMs: () => up };
  own = { stateDir: await tempDir(), machine, uptimeMs: () => up, bootId: 'boot-1', log: silentLog };
});

function pass(ms: number): void {
  wall += ms;
  up += ms;
}

describe('the clock of a node', () => {
  test('is that of the machine until a controller tells the time', async () => {
    expect((await openNodeClock(own)).nowMs()).toBe(wall);
  });

  test('is corrected once a boot, and not again', async () => {
    const clock = await openNodeClock(own);
    expect(await clock.correct(wall + 2 * HOUR)).toBe(true);
    pass(HOUR);
    expect(clock.nowMs()).toBe(wall + 2 * HOUR);
    expect(await clock.correct(wall)).toBe(false);
    expect(clock.nowMs()).toBe(wall + 2 * HOUR);
  });

  test('keeps the correction over a restart of the daemon, and not over one of the machine', async () => {
    await (await openNodeClock(own)).correct(wall - 2 * HOUR);
    pass(HOUR);
    const restarted = await openNodeClock(own);
    expect(restarted.nowMs()).toBe(wall - 2 * HOUR);
    expect(await restarted.correct(wall)).toBe(false);
    const rebooted = await openNodeClock({ ...own, bootId: 'boot-2' });
    expect(rebooted.nowMs()).toBe(wall);
    expect(await rebooted.correct(wall + HOUR)).toBe(true);
  });

  test('is that of the machine again when somebody sets it, also while the daemon was away', async () => {
    const clock = await openNodeClock(own);
    await clock.correct(wall + 2 * HOUR);
    wall += 2 * HOUR;
    expect(clock.nowMs()).toBe(wall);
    expect((await openNodeClock(own)).nowMs()).toBe(wall);
  });

  test.each([25 * HOUR, -25 * HOUR])('is not corrected by %d ms', async (offMs) => {
    const clock = await openNodeClock(own);
    expect(await clock.correct(wall + offMs)).toBe(false);
    expect(clock.nowMs()).toBe(wall);
    expect(await clock.correct(wall + HOUR)).toBe(true);
  });
});

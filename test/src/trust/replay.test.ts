import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import { memoryReplayCache } from '../../../src/trust/replay.ts';
import { fileReplayCache } from '../../../src/trust/replay-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-replay-'));
afterAll(() => rmSync(dir, { recursive: true }));

function heldClock(): Clock & { nowValueMs: number } {
  const clock = { nowValueMs: 1_000_000, nowMs: () => clock.nowValueMs, monotonicMs: () => clock.nowValueMs };
  return clock;
}

describe('a replay cache', () => {
  it('knows an id until it expires', () => {
    const clock = heldClock();
    const cache = memoryReplayCache({ clock });
    expect([cache.seen('a', 1_060_000), cache.seen('a', 1_060_000), cache.seen('b', 1_060_000)]).toEqual([
      false,
      true,
      false,
    ]);
    clock.nowValueMs = 1_070_001;
    expect(cache.seen('c', 1_200_000)).toBe(false);
    expect(cache.size).toBe(1);
  });

  it('refuses everything new while it is full, and takes again when some have expired', () => {
    const clock = heldClock();
    const cache = memoryReplayCache({ clock, maxIds: 2 });
    expect([cache.seen('a', 1_001_000), cache.seen('b', 1_060_000), cache.seen('c', 1_060_000)]).toEqual([
      false,
      false,
      true,
    ]);
    clock.nowValueMs = 1_001_001;
    expect(cache.seen('c', 1_060_000)).toBe(false);
  });
});

describe('a replay cache in a file', () => {
  it('still knows its ids after a restart, and forgets expired ones', () => {
    const clock = heldClock();
    const path = join(dir, 'sub/replay');
    const first = fileReplayCache(path, { clock });
    expect([first.seen('a', 1_060_000), first.seen('b', 1_001_000)]).toEqual([false, false]);
    clock.nowValueMs = 1_002_000;
    const second = fileReplayCache(path, { clock });
    expect([second.seen('a', 1_060_000), second.seen('b', 1_060_000)]).toEqual([true, false]);
    first.close();
    second.close();
  });

  it('can be waited for until it is on the disk, also by many at a time and while it is written anew', async () => {
    const clock = heldClock();
    const path = join(dir, 'kept');
    const cache = fileReplayCache(path, { clock });
    const waits: (Promise<void> | undefined)[] = [];
    for (let i = 0; i < 2500; i++) {
      clock.nowValueMs += 20_000;
      cache.seen(`id${i}`, clock.nowValueMs + 1000);
      waits.push(cache.kept?.());
    }
    await Promise.all(waits);
    cache.close();
    await expect(cache.kept?.()).rejects.toMatchObject({ code: 'NODE_IO' });
  });

  it('does not mind a torn last line', () => {
    const path = join(dir, 'torn');
    const clock = heldClock();
    const first = fileReplayCache(path, { clock });
    first.seen('a', 1_060_000);
    first.close();
    appendFileSync(path, '10600');
    const second = fileReplayCache(path, { clock });
    expect([second.seen('a', 1_060_000), second.seen('b', 1_060_000)]).toEqual([true, false]);
    second.close();
    expect(readFileSync(path, 'utf8')).toBe('1060000 a\n1060000 b\n');
  });

  it('is written anew before it grows without end', () => {
    const path = join(dir, 'growing');
    const clock = heldClock();
    const cache = fileReplayCache(path, { clock });
    for (let i = 0; i < 2500; i++) {
      clock.nowValueMs += 20_000;
      cache.seen(`id${i}`, clock.nowValueMs + 1000);
    }
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(1100);
    cache.close();
  });

  it('says which file it cannot write', () => {
    expect(() => fileReplayCache(join(dir, 'torn', 'below a file'))).toThrow(
      expect.objectContaining({ code: 'NODE_IO' }),
    );
  });
});

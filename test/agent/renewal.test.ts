import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startRenewal } from '../../agent/renewal.ts';
import { silentLog } from '../../src/core/log.ts';
import { newKeyPair } from '../../src/trust/ca.ts';
import { testPki } from '../kit/pki.ts';

const DAY_MS = 86_400_000;
const pki = await testPki();
const { publicKeyPem } = await newKeyPair();
const issue = (days: number) => pki.ca.issue({ name: 'web1', role: 'node', publicKeyPem, days });

beforeEach(() => vi.useFakeTimers({ now: Date.now() }));
afterEach(() => vi.useRealTimers());

function renewal(days: number, ask: () => Promise<void> = async () => undefined) {
  const state = { certificate: issue(days), asked: [] as number[], expired: 0 };
  const beganMs = Date.now();
  const running = startRenewal({
    certificate: () => state.certificate,
    ask: async () => {
      state.asked.push((Date.now() - beganMs) / DAY_MS);
      await ask();
    },
    onExpired: () => {
      state.expired += 1;
    },
    clock: { nowMs: () => Date.now(), monotonicMs: () => 0 },
    log: silentLog,
    random: () => 0.5,
  });
  return { state, running };
}

test('a certificate is renewed after two thirds of its life, and not before', async () => {
  const { state, running } = renewal(7);
  await vi.advanceTimersByTimeAsync(4.6 * DAY_MS);
  expect(state.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(0.6 * DAY_MS);
  expect(state.asked[0]).toBeGreaterThan(4.66);
  expect(state.asked[0]).toBeLessThan(5.1);
  state.certificate = issue(7);
  running.changed();
  const before = state.asked.length;
  await vi.advanceTimersByTimeAsync(4 * DAY_MS);
  expect(state.asked).toHaveLength(before);
  running.stop();
});

test('a wish that nobody grants is said again, ever more often, until the certificate has expired', async () => {
  const { state } = renewal(7, async () => {
    throw new Error('no broker');
  });
  await vi.advanceTimersByTimeAsync(8 * DAY_MS);
  expect(state.asked.length).toBeGreaterThan(20);
  expect(state.expired).toBe(1);
});

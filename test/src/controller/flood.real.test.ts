import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JUNK_KINDS } from '../../kit/flood.ts';
import { type FloodScene, startFloodScene } from '../../kit/flood-scene.ts';

const JUNK = 10_000;
/** What the broker keeps of them. */
const QUEUE = 3000;
/** The bar is 1 s, and it is the benchmark that holds it; here the machine may be busy with anything. */
const DELAY_MS = 5000;
/** What each kind is refused for. */
const REASONS = {
  'random bytes': 'FORMAT',
  'sealed junk': 'FORMAT',
  'bad signature': 'SIGNATURE',
  'wrong token': 'TOKEN_WRONG',
} as const;

let scene: FloodScene;
beforeAll(async () => {
  scene = await startFloodScene();
  await scene.honestMs();
});
afterAll(() => scene?.stop());

describe('ten thousand junk hellos do not keep an honest one waiting', () => {
  test.each(JUNK_KINDS)('of the kind: %s', async (kind) => {
    const quietMs = await scene.honestMs();
    const [asked, before] = [scene.attested(), await scene.refusals()];
    const floodMs = await scene.behindJunkMs(kind, JUNK);
    const refused = async () => {
      const now = await scene.refusals();
      const more = (reason: string) => (now[reason] ?? 0) - (before[reason] ?? 0);
      return { named: more(REASONS[kind]), shed: more('SHED') };
    };
    const seen = async () => Object.values(await refused()).reduce((sum, count) => sum + count);
    await expect.poll(seen, { timeout: 30_000 }).toBeGreaterThanOrEqual(QUEUE - 1);
    console.info(
      `${kind}: ${Math.round(quietMs)} ms alone, ${Math.round(floodMs)} ms behind ${JUNK}`,
      await refused(),
    );
    expect(floodMs - quietMs).toBeLessThan(DELAY_MS);
    // The honest one alone, unless the junk was a whole hello with a guessed token.
    if (kind !== 'wrong token') expect(scene.attested() - asked).toBe(1);
  });
});

import { expect, test } from 'vitest';
import type { Bus, Delivery } from '../../../src/bus/bus.ts';
import { consumeEvents, publishEvent } from '../../../src/bus/events.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { makePki, testPki } from '../../kit/pki.ts';

const event = { kind: 'puppet_run_ended', run: 'i-1.abcdef', exitcode: 0 };
const message = () => ({ v: 1, typ: 'event', iat_ms: Date.now(), ttl_s: 600, id: 'a'.repeat(32), event });

/** What a controller's ear makes of these messages. */
async function heard(bodies: readonly Buffer[]) {
  const [taken, refused, acked]: [string[], [string, string | null][], number[]] = [[], [], []];
  let deliver: (body: Buffer, delivery: Delivery) => void = () => undefined;
  const bus = {
    subscribe: async (_where: unknown, arrived: typeof deliver) => {
      deliver = arrived;
      return { close: async () => undefined };
    },
  } as unknown as Bus;
  const { opener } = await testPki();
  const own = { bus, opener, clock: systemClock, log: silentLog };
  await consumeEvents(
    { ...own, refused: (reason, sender) => void refused.push([reason, sender]) },
    async (_event, sender) => void taken.push(sender.name),
  );
  for (const body of bodies)
    deliver(body, { ack: () => void acked.push(1), nack: () => undefined } as Delivery);
  await expect.poll(() => acked.length).toBe(bodies.length);
  return { taken, refused };
}

test('events that do not count are told with a fixed word and, when it holds, who signed them', async () => {
  const [ours, strangers] = await Promise.all([testPki(), makePki()]);
  const [web1, alice, forger] = await Promise.all([
    ours.holder('web1', 'node'),
    ours.holder('alice', 'operator'),
    strangers.holder('web1', 'node'),
  ]);
  const { taken, refused } = await heard([
    web1.sealer.seal(message()),
    forger.sealer.seal(message()),
    Buffer.from('nonsense'),
    alice.sealer.seal(message()),
    web1.sealer.seal({ ...message(), event: { kind: 'planted text' } }),
    web1.sealer.seal({ ...message(), iat_ms: Date.now() - 3_600_000 }),
  ]);
  expect(taken).toEqual(['web1']);
  expect(refused).toEqual([
    [expect.stringMatching(/^[A-Z]+$/), null],
    ['FORMAT', null],
    ['ROLE', 'alice'],
    ['FORMAT', 'web1'],
    ['EXPIRED', 'web1'],
  ]);
});

test('an event that no controller would read is not sent in vain: who says it is told', async () => {
  const { sealer } = await (await testPki()).holder('web1', 'node');
  const sent: Buffer[] = [];
  const bus = { publish: async (_to: unknown, body: Buffer) => void sent.push(body) } as unknown as Bus;
  const tell = (facts: Record<string, string>) => {
    const said = { agents: [], facts, classes: [], collectives: [], version: '1' };
    return publishEvent({ bus, sealer, clock: systemClock }, { kind: 'registration', ...said });
  };
  const names = Array.from({ length: 60 }, (_, index) => `fact${index}`);
  await expect(tell(Object.fromEntries(names.map((name) => [name, 'x'.repeat(8192)])))).rejects.toMatchObject(
    {
      code: 'CONFLICT',
      message: expect.stringMatching(/^the registration has \d{6} bytes, and at most 524288 are read/),
    },
  );
  expect(sent).toEqual([]);
  await tell({ role: 'web' });
  expect(sent).toHaveLength(1);
});

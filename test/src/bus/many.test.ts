import { expect, it, vi } from 'vitest';
import type { OverheardReply } from '../../../src/bus/overhear.ts';
import { clientOf, probe, serveProbe } from './rpc-kit.ts';
import { rpcScene } from './rpc-scene.ts';

const scene = rpcScene();
const hi = { text: 'hi' };
const SESSION = '00112233445566aa';

const replies = () =>
  scene.broker.frames.filter(({ headers }) => headers.destination?.includes('.reply/op.')).length;

it('a node that is named and not meant says so, and nobody waits for it; its action does not run', async () => {
  const seen = [
    await serveProbe(scene.nodeBus, 'web1'),
    await serveProbe(scene.nodeBus, 'web2', { facts: () => ({}) }),
  ];
  const startedMs = performance.now();
  const filter = { identity: ['web1', 'web2'], fact: [{ fact: 'country', value: 'de' }] };
  const question = { filter, expected: ['web1', 'web2'], timeoutS: 10 };
  const all = await scene.client.ask('provisioning', probe, 'echo', hi, question);
  const each = await scene.client.ask('provisioning', probe, 'echo', hi, {
    ...question,
    to: ['web1', 'web2'],
  });
  for (const result of [all, each])
    expect(result).toMatchObject({ replies: [{ identity: 'web1' }], silent: [], unmatched: ['web2'] });
  expect(seen.map(({ calls }) => calls.length)).toEqual([2, 0]);
  expect(performance.now() - startedMs).toBeLessThan(9000);
  expect([all.requests.length, each.requests.length]).toEqual([1, 2]);
});

it('enough answers end the wait', async () => {
  await serveProbe(scene.nodeBus, 'web1');
  const question = { expected: ['web1', 'ghost'], timeoutS: 20, enough: 1 };
  const result = await scene.client.ask('provisioning', probe, 'echo', hi, question);
  expect(result).toMatchObject({ replies: [{ identity: 'web1' }], silent: ['ghost'] });
});

it('whoever says stop gets what has come by then; before it is sent that is nothing', async () => {
  await serveProbe(scene.nodeBus, 'web1');
  const stop = new AbortController();
  const question = { expected: ['web1', 'ghost'], timeoutS: 60 };
  const some = { ...question, signal: stop.signal, onReply: () => stop.abort() };
  expect(await scene.client.ask('provisioning', probe, 'echo', hi, some)).toMatchObject({
    ...{ replies: [{ identity: 'web1' }], silent: ['ghost'] },
  });
  const none = { ...question, signal: AbortSignal.abort() };
  expect(await scene.client.ask('provisioning', probe, 'echo', hi, none)).toMatchObject({
    ...{ replies: [], silent: ['web1', 'ghost'] },
  });
});

it('who is told something does it and says nothing', async () => {
  const { calls } = await serveProbe(scene.nodeBus, 'web1');
  const ids = await scene.client.tell('provisioning', probe, 'echo', hi, { ttlS: 5 });
  expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  await vi.waitFor(() => expect(calls).toHaveLength(1));
  const before = replies();
  await scene.client.call('provisioning', 'web1', probe, 'echo', hi);
  // The subscription and the one answer of the call: the request before it was never answered.
  expect(replies() - before).toBe(2);
});

it('an answer can go to another session of the same caller, which hears who gave it to which request', async () => {
  await serveProbe(scene.nodeBus, 'web1');
  const heard: OverheardReply[] = [];
  const other = await clientOf(scene.callerBus, 'ctl', 'controller');
  const listening = await other.overhear('provisioning', SESSION, (reply) => heard.push(reply));
  const [id] = await scene.client.tell('provisioning', probe, 'echo', hi, { ttlS: 5, replyTo: SESSION });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  expect(heard[0]).toMatchObject({ identity: 'web1', reply: { re: id, status: 0, data: hi } });
  await listening.close();
});

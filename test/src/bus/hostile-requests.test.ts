import { beforeEach, describe, expect, it } from 'vitest';
import type { ActionRequest } from '../../../src/core/agent.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Filter } from '../../../src/core/messages.ts';
import type { Sealer } from '../../../src/core/seal.ts';
import { makePki, testPki } from '../../kit/pki.ts';
import { clientOf, edited, probe, serveProbe } from './rpc-kit.ts';
import { rpcScene } from './rpc-scene.ts';

/** The broker itself is the attacker here: it sees everything and can say anything to anybody. */
const scene = rpcScene();
let calls: ActionRequest[];
const hi = { text: 'hi' };
const toWeb1 = '/exchange/provisioning.request/node.web1';
const toAll = '/exchange/provisioning.request/all';

beforeEach(async () => {
  calls = (await serveProbe(scene.nodeBus, 'web1')).calls;
});

/** The body of the last message sent to this destination. */
function captured(destination: RegExp): Buffer {
  const sent = scene.broker.frames.filter(
    (frame) => frame.command === 'SEND' && destination.test(frame.headers.destination ?? ''),
  );
  return sent.at(-1)?.body ?? Buffer.alloc(0);
}

/** Puts these bytes where the node listens, and waits until it has dealt with them: a genuine call comes behind. */
async function deliver(destination: string, body: Buffer): Promise<void> {
  const before = calls.length;
  scene.broker.deliver(destination, body);
  await scene.client.call('provisioning', 'web1', probe, 'echo', { text: 'behind' });
  expect(calls.length).toBe(before + 1);
}

function request(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    v: 1,
    typ: 'request',
    id: crypto.randomUUID().replaceAll('-', ''),
    iat_ms: systemClock.nowMs(),
    ttl_s: 60,
    aud: 'node:web1',
    collective: 'provisioning',
    agent: 'probe',
    action: 'echo',
    data: hi,
    filter: Filter.parse({}),
    session: '0123456789abcdef',
    ...changes,
  };
}

async function controllerSealer(): Promise<Sealer> {
  return (await (await testPki()).holder('ctl', 'controller')).sealer;
}

describe('a node does not do what was not asked of it', () => {
  it('but does what was (so that the refusals below mean something)', async () => {
    const sealer = await controllerSealer();
    scene.broker.deliver(toWeb1, sealer.seal(request()));
    scene.broker.deliver(toAll, sealer.seal(request({ aud: 'all' })));
    await expect.poll(() => calls.length).toBe(2);
  });

  it('when a request comes a second time, word for word', async () => {
    await scene.client.call('provisioning', 'web1', probe, 'echo', hi);
    await deliver(toWeb1, captured(/request/));
  });

  it('when a request to one node is sent to all', async () => {
    const sealer = await controllerSealer();
    await deliver(toAll, sealer.seal(request()));
    await deliver(toAll, sealer.seal(request({ aud: 'node:web2' })));
    await deliver(toWeb1, sealer.seal(request({ aud: 'node:web2' })));
    await deliver(toWeb1, sealer.seal(request({ aud: 'all' })));
  });

  it('when a request of one collective is carried into another', async () => {
    const sealer = await controllerSealer();
    await deliver(toWeb1, sealer.seal(request({ collective: 'mcollective' })));
  });

  it('when the filter, the body or the action was edited', async () => {
    const genuine = (await controllerSealer()).seal(
      request({ filter: Filter.parse({ identity: ['web2'] }) }),
    );
    await deliver(toWeb1, edited(genuine, { filter: Filter.parse({}) }));
    await deliver(
      toWeb1,
      edited(genuine, {
        data: { text: 'other' },
        filter: Filter.parse({ identity: ['web1'] }),
      }),
    );
    await deliver(toWeb1, edited(genuine, { action: 'refuse' }));
  });

  it('when a request has expired or comes from the future', async () => {
    const sealer = await controllerSealer();
    const nowMs = systemClock.nowMs();
    await deliver(toWeb1, sealer.seal(request({ iat_ms: nowMs - 91_000 })));
    await deliver(toWeb1, sealer.seal(request({ iat_ms: nowMs + 31_000 })));
  });

  it('when the schema does not hold, an unknown key included', async () => {
    const sealer = await controllerSealer();
    for (const changes of [
      { extra: 1 },
      { v: 2 },
      { typ: 'reply' },
      { id: 'short' },
      { ttl_s: 999_999 },
      { session: 'a.b.c' },
    ])
      await deliver(toWeb1, sealer.seal(request(changes)));
  });

  it('when the signer has a certificate of the same name from another CA', async () => {
    const strangers = await makePki();
    const { sealer } = await strangers.holder('ctl', 'controller');
    await deliver(toWeb1, sealer.seal(request()));
  });

  it('when the bytes are no message at all', async () => {
    for (const body of ['', 'x', '..', 'a.b.c', '\0'.repeat(1000), 'x'.repeat(600_000)])
      await deliver(toWeb1, Buffer.from(body));
  });

  it('when the caller is another node, although the broker carried it', async () => {
    const other = await clientOf(scene.callerBus, 'web2', 'node');
    const call = other.call('provisioning', 'web1', probe, 'echo', hi);
    await expect(call).rejects.toMatchObject({ code: 'RPC_DENIED' });
    expect(calls).toHaveLength(0);
  });

  it('when the name of the caller only contains that of an allowed one', async () => {
    await serveProbe(scene.nodeBus, 'web3', {
      authorize: ({ caller }) => {
        if (caller !== 'cert=ctl') throw new Error('denied');
      },
    });
    const near = await clientOf(scene.callerBus, 'ctl2', 'operator');
    await expect(near.call('provisioning', 'web3', probe, 'echo', hi)).rejects.toMatchObject({
      code: 'RPC_FAILED',
    });
  });

  it.each(['constructor', 'to-string', '__proto__', 'hasOwnProperty', 'valueof'])(
    'when the action is named %s, like a method of objects',
    async (action) => {
      await deliver(toWeb1, (await controllerSealer()).seal(request({ action })));
      expect(calls.filter((call) => call.requestId.length !== 32)).toEqual([]);
    },
  );

  it('and says that an action named like a method is unknown', async () => {
    const replies: string[] = [];
    const seen = new Promise<void>((resolve) => {
      void scene.callerBus.subscribe(
        { exchange: 'provisioning.reply', key: 'op.ctl.0123456789abcdef.web1' },
        (body) => {
          replies.push(
            JSON.parse(Buffer.from(body.toString().split('.')[1] ?? '', 'base64url').toString()).code,
          );
          resolve();
        },
        { ack: 'auto' },
      );
    });
    await deliver(toWeb1, (await controllerSealer()).seal(request({ action: 'constructor' })));
    await seen;
    expect(replies).toEqual(['RPC_UNKNOWN_ACTION']);
  });
});

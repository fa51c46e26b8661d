import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { brokerNames } from '../../../src/core/names.ts';
import { testPki } from '../../kit/pki.ts';
import { edited, probe, serveProbe } from './rpc-kit.ts';
import { rpcScene } from './rpc-scene.ts';

/** The broker itself is the attacker here: it sees everything and can say anything to anybody. */
const scene = rpcScene();
const hi = { text: 'hi' };

beforeEach(async () => {
  await serveProbe(scene.nodeBus, 'web1');
});

/** The bodies of all requests that were sent to web9. */
function asked(): Buffer[] {
  const sent = scene.broker.frames.filter(
    (frame) => frame.command === 'SEND' && frame.headers.destination?.endsWith('/node.web9'),
  );
  return sent.map((frame) => frame.body);
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

describe('a caller does not believe', () => {
  const key = (session: string, identity: string) =>
    `/exchange/provisioning.reply/${brokerNames.replyKey('ctl', session, identity)}`;

  /** Asks a node that is not there, and answers in its place. */
  async function answered(
    forge: (asked: { id: string; session: string; sha256: string }) => Promise<Buffer>,
    ask = (): Promise<unknown> =>
      scene.client.call('provisioning', 'web9', probe, 'echo', hi, { timeoutS: 0.4 }),
  ): Promise<unknown> {
    const before = asked().length;
    const call = ask().catch((error: unknown) => error);
    await expect.poll(() => asked().length).toBe(before + 1);
    const body = asked().at(-1) ?? Buffer.alloc(0);
    const { id, session } = JSON.parse(
      Buffer.from(body.toString().split('.')[1] ?? '', 'base64url').toString(),
    );
    const sha256 = createHash('sha256').update(body).digest('hex');
    scene.broker.deliver(key(session, 'web9'), await forge({ id, session, sha256 }));
    return call;
  }

  const reply = (asked: { id: string; sha256: string }, changes: Record<string, unknown> = {}) => ({
    v: 1,
    typ: 'reply',
    iat_ms: systemClock.nowMs(),
    ttl_s: 60,
    re: asked.id,
    re_sha256: asked.sha256,
    agent: 'probe',
    action: 'echo',
    status: 0,
    message: 'OK',
    data: { text: 'forged' },
    ...changes,
  });
  const sealerOf = async (name: string, role: 'node' | 'operator') =>
    (await (await testPki()).holder(name, role)).sealer;

  it('takes what the asked node signed (so that the refusals below mean something)', async () => {
    const web9 = await sealerOf('web9', 'node');
    expect(await answered(async (asked) => web9.seal(reply(asked)))).toEqual({ text: 'forged' });
  });

  it('a reply that another node signed', async () => {
    const web2 = await sealerOf('web2', 'node');
    expect(await answered(async (asked) => web2.seal(reply(asked)))).toMatchObject({
      code: 'NODE_UNREACHABLE',
    });
  });

  it('a reply that another node signed, when several are asked by their names', async () => {
    const options = { to: ['web1', 'web9'], expected: ['web1', 'web9'], timeoutS: 0.4 };
    const ask = () => scene.client.ask('provisioning', probe, 'echo', hi, options);
    const web2 = await sealerOf('web2', 'node');
    expect(await answered(async (asked) => web2.seal(reply(asked)), ask)).toMatchObject({
      replies: [{ identity: 'web1' }],
      silent: ['web9'],
    });
  });

  it('a reply that nobody signed, with a true checksum or without', async () => {
    const unsigned = (asked: { id: string; sha256: string }) => JSON.stringify(reply(asked));
    const forgeries = [
      (text: string) => text,
      (text: string) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${base64url(text)}.`,
      (text: string) =>
        JSON.stringify({ message: text, hash: createHash('sha256').update(text).digest('base64') }),
    ];
    for (const forge of forgeries)
      expect(await answered(async (asked) => Buffer.from(forge(unsigned(asked))))).toMatchObject({
        code: 'NODE_UNREACHABLE',
      });
  });

  it('a reply that an operator signed with the name of the node', async () => {
    const operator = await sealerOf('web9', 'operator');
    expect(await answered(async (asked) => operator.seal(reply(asked)))).toMatchObject({
      code: 'NODE_UNREACHABLE',
    });
  });

  it('a reply of the right node to another request, or to an edited one', async () => {
    const web9 = await sealerOf('web9', 'node');
    for (const changes of [
      { re: 'f'.repeat(32) },
      { re_sha256: 'f'.repeat(64) },
      { action: 'hang' },
      { agent: 'other' },
    ])
      expect(await answered(async (asked) => web9.seal(reply(asked, changes)))).toMatchObject({
        code: 'NODE_UNREACHABLE',
      });
  });

  it('a reply whose body was changed', async () => {
    const web9 = await sealerOf('web9', 'node');
    const forge = async (asked: { id: string; sha256: string }) =>
      edited(web9.seal(reply(asked)), { data: { text: 'changed' } });
    expect(await answered(forge)).toMatchObject({ code: 'NODE_UNREACHABLE' });
  });

  it('a reply that does not fit the DDL', async () => {
    const web9 = await sealerOf('web9', 'node');
    expect(await answered(async (asked) => web9.seal(reply(asked, { data: { text: 1 } })))).toMatchObject({
      code: 'RPC_INVALID_DATA',
    });
  });

  it('a second reply of one node, when many are asked', async () => {
    scene.broker.faults.duplicate = true;
    const { replies } = await scene.client.ask('provisioning', probe, 'echo', hi, {
      expected: ['web1'],
      timeoutS: 2,
      graceMs: 100,
    });
    expect(replies).toHaveLength(1);
  });
});

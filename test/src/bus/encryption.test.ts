import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../src/core/clock.ts';
import { OF_MUSTER } from '../../../src/core/contract.ts';
import { defineDdl, nothing } from '../../../src/core/ddl.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { sha256Hex } from '../../../src/trust/keys.ts';
import { testPki } from '../../kit/pki.ts';
import { probe, serveProbe } from './rpc-kit.ts';
import { rpcScene } from './rpc-scene.ts';

const SECRET = 'correct horse battery staple';
const vault = defineDdl({
  name: 'vault',
  description: 'Secrets for tests',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 2,
  actions: {
    keep: {
      description: 'Takes a secret',
      display: 'always',
      input: z.strictObject({ name: z.string(), password: z.string().meta({ secret: true }).optional() }),
      output: z.strictObject({ kept: z.number() }),
    },
    give: {
      description: 'Gives a secret',
      display: 'always',
      input: nothing,
      output: z.strictObject({ password: z.string().meta({ secret: true }) }),
    },
  },
});

const scene = rpcScene();
let calls: unknown[];

async function serveVault(identity: string, options: Parameters<typeof serveProbe>[2] = {}): Promise<void> {
  const actions = {
    keep: async (input: { password?: string | undefined }) => {
      calls.push(input);
      if (input.password === 'refuse me') throw new MusterError('CA_REFUSED', `not ${SECRET}`);
      return { kept: input.password?.length ?? 0 };
    },
    give: async () => ({ password: SECRET }),
  };
  const agents = new Map([['vault', { ddl: vault, actions }]]);
  await serveProbe(scene.nodeBus, identity, { agents: () => agents, ...options });
}

beforeEach(async () => {
  calls = [];
});

/** What a broker can read of all that was sent to this kind of exchange: signed payloads are base64 of JSON. */
function readable(kind: 'request' | 'reply'): string {
  const sent = scene.broker.frames.filter(
    (frame) => frame.command === 'SEND' && frame.headers.destination?.includes(`.${kind}/`),
  );
  return sent
    .flatMap(({ body }) => body.toString().split('.'))
    .map((part) => Buffer.from(part, 'base64url').toString())
    .join('\n');
}

describe('a secret field of the input', () => {
  it('reaches the node and cannot be read on the way, nor can the answer to it', async () => {
    await serveVault('web1');
    const input = { name: 'db', password: SECRET };
    expect(await scene.client.call('provisioning', 'web1', vault, 'keep', input)).toEqual({
      kept: SECRET.length,
    });
    expect(calls).toEqual([input]);
    expect(readable('request')).not.toContain(SECRET);
    expect(readable('reply')).not.toContain('kept');
  });

  it('asks for the key of the node once, and not for what holds no secret', async () => {
    await serveVault('web1');
    await scene.client.call('provisioning', 'web1', vault, 'keep', { name: 'db' });
    expect(readable('request')).not.toContain('"ping"');
    for (const password of ['a', 'b', 'c'])
      await scene.client.call('provisioning', 'web1', vault, 'keep', { name: 'db', password });
    expect(readable('request').match(/"ping"/g)).toHaveLength(1);
  });

  it('is not repeated in clear by a message of failure', async () => {
    await serveVault('web1');
    const call = scene.client.call('provisioning', 'web1', vault, 'keep', {
      name: 'db',
      password: 'refuse me',
    });
    await expect(call).rejects.toMatchObject({
      code: 'CA_REFUSED',
      message: expect.stringContaining(SECRET),
    });
    expect(readable('reply')).not.toContain(SECRET);
  });

  it('is refused before anything is sent when it would go to all', async () => {
    await serveVault('web1');
    const ask = scene.client.ask(
      'provisioning',
      vault,
      'keep',
      { name: 'db', password: SECRET },
      {
        expected: ['web1'],
        timeoutS: 1,
      },
    );
    await expect(ask).rejects.toMatchObject({
      code: 'RPC_INVALID_DATA',
      message: expect.stringContaining('password is secret'),
    });
    expect(readable('request')).toBe('');
  });

  it('is refused by the node when it came in clear', async () => {
    await serveVault('web1');
    const blind = {
      ...vault.actions.keep,
      input: z.strictObject({ name: z.string(), password: z.string() }),
    };
    const old = { ...vault, actions: { ...vault.actions, keep: blind } };
    const call = scene.client.call('provisioning', 'web1', old, 'keep', { name: 'db', password: SECRET });
    await expect(call).rejects.toMatchObject({
      code: 'RPC_INVALID_DATA',
      message: expect.stringContaining('password: is secret and came in clear'),
    });
    expect(calls).toEqual([]);
  });

  it('is not sent when the node does not show its key', async () => {
    const call = scene.client.call(
      'provisioning',
      'ghost',
      vault,
      'keep',
      { name: 'db', password: SECRET },
      {
        timeoutS: 0.3,
      },
    );
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/UNREACHABLE$/) });
    expect(readable('request')).not.toContain('vault');
  });

  it('is not encrypted to another node that answers in its place', async () => {
    await serveVault('web2');
    const { sealer } = await (await testPki()).holder('web2', 'node');
    await scene.nodeBus.subscribe(
      { exchange: 'provisioning.request', key: 'node.web1' },
      (body) => {
        const { id, session } = JSON.parse(
          Buffer.from(body.toString().split('.')[1] ?? '', 'base64url').toString(),
        );
        const reply = { v: 1, typ: 'reply', iat_ms: systemClock.nowMs(), ttl_s: 60, re: id };
        const rest = { agent: 'rpcutil', action: 'ping', status: 0, message: '', data: {} };
        const bound = { re_sha256: sha256Hex(body) };
        void scene.nodeBus.publish(
          { exchange: 'provisioning.reply', key: `op.ctl.${session}.web1` },
          sealer.seal({ ...reply, ...rest, ...bound }),
          { ttlS: 10, deadlineS: 5 },
        );
      },
      { ack: 'auto' },
    );
    const call = scene.client.call(
      'provisioning',
      'web1',
      vault,
      'keep',
      { name: 'db', password: SECRET },
      {
        timeoutS: 0.5,
      },
    );
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/UNREACHABLE$/) });
    expect(readable('request')).not.toContain('vault');
  });
});

describe('a secret field of the output', () => {
  it('reaches the caller and cannot be read on the way, also when all were asked', async () => {
    await serveVault('web1');
    expect(await scene.client.call('provisioning', 'web1', vault, 'give', {})).toEqual({ password: SECRET });
    const { replies } = await scene.client.ask(
      'provisioning',
      vault,
      'give',
      {},
      {
        expected: ['web1'],
        timeoutS: 2,
      },
    );
    expect(replies).toMatchObject([{ identity: 'web1', data: { password: SECRET } }]);
    expect(readable('reply')).not.toContain(SECRET);
  });
});

describe('a reply without secrets', () => {
  const hi = { text: 'hi there' };

  it('is in clear, or encrypted by setting', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    await scene.client.call('provisioning', 'web1', probe, 'echo', hi);
    expect(readable('reply')).toContain(hi.text);
    scene.broker.frames.length = 0;
    await serveProbe(scene.nodeBus, 'web2', { encryptReplies: true });
    expect(await scene.client.call('provisioning', 'web2', probe, 'echo', hi)).toEqual(hi);
    expect(readable('reply')).not.toContain(hi.text);
  });
});

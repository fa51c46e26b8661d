import { describe, expect, it } from 'vitest';
import type { CallAttempt } from '../../../src/bus/dispatch.ts';
import { MusterError } from '../../../src/core/errors.ts';
import type { DataCall } from '../../../src/core/filter/ast.ts';
import { probe, serveProbe } from './rpc-kit.ts';
import { rpcScene } from './rpc-scene.ts';

const scene = rpcScene();
const hi = { text: 'hi' };

describe('a call', () => {
  it('gives the checked output, and the action knows its caller from the certificate', async () => {
    const { calls } = await serveProbe(scene.nodeBus, 'web1.example.org');
    expect(await scene.client.call('provisioning', 'web1.example.org', probe, 'echo', hi)).toEqual(hi);
    expect(calls[0]).toMatchObject({ caller: 'cert=ctl', collective: 'provisioning' });
  });

  it('goes through a node as steps see it', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    const node = scene.client.node('provisioning', 'web1', { country: 'de' });
    expect(await node.call(probe, 'echo', hi)).toEqual(hi);
    expect(node.facts).toEqual({ country: 'de' });
  });

  it.each([
    ['refuse', 'CA_REFUSED', 'web1: probe#refuse: hi'],
    ['break', 'RPC_FAILED', 'web1: probe#break: a bug'],
    ['lie', 'RPC_FAILED', /output does not fit the DDL: text/],
    ['hang', 'RPC_FAILED', /probe#hang did not end within 1 s/],
  ] as const)('whose action must %s ends with %s', async (action, code, message) => {
    await serveProbe(scene.nodeBus, 'web1');
    const call = scene.client.call('provisioning', 'web1', probe, action, hi, { timeoutS: 3 });
    await expect(call).rejects.toMatchObject({ code });
    await expect(call).rejects.toThrow(message);
  });

  it('with wrong input is refused before anything is sent, naming the field', async () => {
    await scene.callerBus.ready();
    const before = scene.broker.frames.length;
    const call = scene.client.call('provisioning', 'web1', probe, 'echo', { text: 'x'.repeat(101) });
    await expect(call).rejects.toMatchObject({
      code: 'RPC_INVALID_DATA',
      message: expect.stringContaining('probe#echo: text:'),
    });
    expect(scene.broker.frames).toHaveLength(before);
  });

  it('of an agent that the node does not have is an unknown action', async () => {
    await serveProbe(scene.nodeBus, 'web1', { agents: () => new Map() });
    await expect(scene.client.call('provisioning', 'web1', probe, 'echo', hi)).rejects.toMatchObject({
      code: 'RPC_UNKNOWN_ACTION',
    });
  });

  it('that nobody answers says who was asked what, and how long', async () => {
    const call = scene.client.call('provisioning', 'ghost', probe, 'echo', hi, { timeoutS: 0.1 });
    await expect(call).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
      message: 'ghost: no answer to probe#echo within 0.1 s',
    });
  });

  it('that could not be sent blames the broker', async () => {
    await scene.broker.stop();
    const call = scene.client.call('provisioning', 'web1', probe, 'echo', hi, { timeoutS: 0.1 });
    await expect(call).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('ends when its caller gives up, with the reason of the caller', async () => {
    const reason = new MusterError('STEP_TIMEOUT', 'too slow');
    const controller = new AbortController();
    const call = scene.client.call('provisioning', 'ghost', probe, 'echo', hi, {
      timeoutS: 5,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(reason), 20);
    await expect(call).rejects.toBe(reason);
  });

  it('works again after the connection was lost on both sides', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    await scene.client.call('provisioning', 'web1', probe, 'echo', hi);
    const { connections } = scene.broker;
    scene.broker.drop();
    await expect.poll(() => scene.broker.connections).toBe(connections + 2);
    await Promise.all([scene.nodeBus.ready(), scene.callerBus.ready()]);
    await expect
      .poll(() =>
        scene.client.call('provisioning', 'web1', probe, 'echo', hi, { timeoutS: 0.5 }).catch(() => null),
      )
      .toEqual(hi);
  });

  it('runs once although the broker delivers everything twice', async () => {
    const { calls } = await serveProbe(scene.nodeBus, 'web1');
    scene.broker.faults.duplicate = true;
    expect(await scene.client.call('provisioning', 'web1', probe, 'echo', hi)).toEqual(hi);
    expect(calls).toHaveLength(1);
  });

  it('waits its turn when the node has enough to do', async () => {
    await serveProbe(scene.nodeBus, 'web1', { concurrency: 2 });
    const calls = Array.from({ length: 20 }, (_, i) =>
      scene.client.call('provisioning', 'web1', probe, 'echo', { text: String(i) }),
    );
    expect((await Promise.all(calls)).map((output) => output.text)).toEqual(
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
  });
});

describe('a server', () => {
  it('hears its new collective and not its old one', async () => {
    const { server } = await serveProbe(scene.nodeBus, 'web1');
    await server.setCollectives(['mcollective']);
    expect(await scene.client.call('mcollective', 'web1', probe, 'echo', hi)).toEqual(hi);
    await expect(
      scene.client.call('provisioning', 'web1', probe, 'echo', hi, { timeoutS: 0.1 }),
    ).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
  });

  it('hears nothing after it was stopped', async () => {
    const { server } = await serveProbe(scene.nodeBus, 'web1');
    await server.stop();
    await expect(
      scene.client.call('provisioning', 'web1', probe, 'echo', hi, { timeoutS: 0.1 }),
    ).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
  });
});

describe('asking many', () => {
  const options = { timeoutS: 2 };

  it('ends as soon as all expected have answered', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    await serveProbe(scene.nodeBus, 'web2');
    const startedMs = performance.now();
    const result = await scene.client.ask('provisioning', probe, 'echo', hi, {
      ...options,
      expected: ['web1', 'web2'],
    });
    expect(result.silent).toEqual([]);
    expect(result.replies.map((reply) => reply.identity).sort()).toEqual(['web1', 'web2']);
    expect(result.replies[0]).toMatchObject({ status: 0, code: null, data: hi });
    expect(performance.now() - startedMs).toBeLessThan(1900);
  });

  it('names who was silent, at the deadline', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    const seen: string[] = [];
    const result = await scene.client.ask('provisioning', probe, 'echo', hi, {
      expected: ['web1', 'ghost'],
      timeoutS: 0.2,
      onReply: (reply) => seen.push(reply.identity),
    });
    expect(result).toMatchObject({ replies: [{ identity: 'web1' }], silent: ['ghost'] });
    expect(seen).toEqual(['web1']);
  });

  it('waits the whole time when nobody is known, and takes whoever answers', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    const result = await scene.client.ask('provisioning', probe, 'echo', hi, { expected: [], timeoutS: 0.3 });
    expect(result.replies).toHaveLength(1);
  });

  it('reaches only those that the filter means', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    await serveProbe(scene.nodeBus, 'web2', { facts: () => ({ country: 'us' }) });
    const result = await scene.client.ask('provisioning', probe, 'echo', hi, {
      filter: { fact: [{ fact: 'country', value: 'us' }] },
      expected: ['web2'],
      graceMs: 100,
      ...options,
    });
    expect(result.replies.map((reply) => reply.identity)).toEqual(['web2']);
  });

  it('asks data plug-ins only where the policy lets the caller, and does not reach who cannot tell', async () => {
    const data = async ({ query }: DataCall) => (query === '/a' ? 5 : null);
    const attempts: unknown[] = [];
    const authorize = (attempt: CallAttempt) =>
      void attempts.push([attempt.agent, attempt.action, attempt.data]);
    await serveProbe(scene.nodeBus, 'web1', { data, authorize });
    await serveProbe(scene.nodeBus, 'web2', {
      data,
      authorize: ({ action }) => {
        if (action === 'get_data') throw new MusterError('RPC_DENIED', 'not you');
      },
    });
    const ask = (compound: string) =>
      scene.client.ask('provisioning', probe, 'echo', hi, {
        ...options,
        filter: { identity: ['web1', 'web2'], compound: [compound] },
        expected: ['web1', 'web2'],
      });
    expect(await ask("fstat('/a').size>4")).toMatchObject({
      replies: [{ identity: 'web1' }],
      unmatched: ['web2'],
    });
    expect(attempts).toEqual([
      ['rpcutil', 'get_data', { source: 'fstat', query: '/a' }],
      ['probe', 'echo', hi],
    ]);
    expect(await ask("fstat('/b').size>4")).toMatchObject({ replies: [], unmatched: ['web1', 'web2'] });
  });

  it('is refused before it is sent when its filter cannot be read', async () => {
    const filter = { compound: ['a and'] };
    const asked = scene.client.ask('provisioning', probe, 'echo', hi, { ...options, filter, expected: [] });
    await expect(asked).rejects.toMatchObject({ code: 'USAGE', details: ['a and', '     ^'] });
  });

  it('by their names sends to nobody else', async () => {
    const seen = [await serveProbe(scene.nodeBus, 'web1'), await serveProbe(scene.nodeBus, 'web2')];
    const named = { to: ['web1', 'ghost'], expected: ['web1', 'ghost'], timeoutS: 0.3 };
    const result = await scene.client.ask('provisioning', probe, 'echo', hi, named);
    expect(result).toMatchObject({ replies: [{ identity: 'web1' }], silent: ['ghost'] });
    expect(seen.map(({ calls }) => calls.length)).toEqual([1, 0]);
    const sent = scene.broker.frames.filter(({ headers }) => headers.destination?.includes('.request/'));
    expect(
      sent.filter(({ command }) => command === 'SEND').map(({ headers }) => headers.destination),
    ).toEqual(['/exchange/provisioning.request/node.web1', '/exchange/provisioning.request/node.ghost']);
  });

  it('tells failures as replies with status and code, and what they have to show', async () => {
    await serveProbe(scene.nodeBus, 'web1');
    const result = await scene.client.ask('provisioning', probe, 'refuse', hi, {
      ...options,
      expected: ['web1'],
    });
    expect(result.replies).toEqual([
      { identity: 'web1', role: 'node', status: 1, code: 'CA_REFUSED', message: 'hi', data: null },
    ]);
    const half = await scene.client.ask('provisioning', probe, 'half', hi, {
      ...options,
      expected: ['web1'],
    });
    expect(half.replies).toMatchObject([{ status: 1, data: null, failedData: { text: 'hi' } }]);
  });
});

import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import agent from '../../../agent/agents/haproxy.ts';
import { startHaproxy } from '../../kit/haproxy.ts';
import { aNode, request, type TestNode } from '../host.ts';

const { actions } = agent;

async function withHaproxy(): Promise<TestNode & { frontPort: number; backPort: number }> {
  const node = await aNode();
  const haproxy = await startHaproxy(node.dir);
  onTestFinished(() => haproxy.stop());
  node.host.config.settings['haproxy.socket'] = haproxy.socket;
  return { ...node, ...haproxy };
}

const stateOf = async (node: TestNode, server: string) => {
  const { servers } = await actions.state({ server }, request, node.host);
  return servers[0];
};

describe('A real HAProxy', () => {
  test('tells of its servers', async () => {
    const node = await withHaproxy();
    const { servers } = await actions.state({}, request, node.host);
    expect(servers.map(({ server }) => server)).toEqual(['web/app1', 'web/app2', 'api/app1']);
    expect(servers[1]).toEqual({
      server: 'web/app2',
      status: 'no check',
      admin: 'ready',
      check: '',
      sessions: 0,
      queued: 0,
      weight: 50,
      address: '127.0.0.1:1',
      since_s: expect.any(Number),
    });
    const api = await actions.state({ backend: 'api' }, request, node.host);
    expect(api.servers).toMatchObject([{ server: 'api/app1', admin: 'ready' }]);
    await expect(actions.state({ backend: 'no' }, request, node.host)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const elsewhere = actions.state({ backend: 'api', server: 'web/app1' }, request, node.host);
    await expect(elsewhere).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'the server web/app1 is not in the backend api',
    });
  });

  test('takes a server out and in again, once', async () => {
    const node = await withHaproxy();
    const server = 'web/app2';
    const out = () => actions.disable_server({ server }, request, node.host);
    expect(await out()).toMatchObject({ before: 'no check', status: 'MAINT', admin: 'maint', changed: true });
    expect(await out()).toMatchObject({ before: 'MAINT', status: 'MAINT', changed: false });
    expect(await stateOf(node, 'web/app1')).toMatchObject({ admin: 'ready' });
    const back = () => actions.enable_server({ server, wait_s: 10 }, request, node.host);
    expect(await back()).toMatchObject({
      before: 'MAINT',
      status: 'no check',
      admin: 'ready',
      changed: true,
    });
    expect(await back()).toMatchObject({ changed: false });
  });

  test('is not touched for a server that it does not know, and the nearest one is named', async () => {
    const node = await withHaproxy();
    const before = await actions.state({}, request, node.host);
    for (const action of [actions.disable_server, actions.enable_server, actions.drain])
      await expect(action({ server: 'web/app3', wait_s: 0 }, request, node.host)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringMatching(
          /^HAProxy has no server web\/app3 \(did you mean 'web\/app1'\?\); servers here: .*web\/app1.*; nothing was changed$/,
        ),
      });
    const masked = ({ servers }: typeof before) => servers.map((one) => ({ ...one, since_s: 0 }));
    expect(masked(await actions.state({}, request, node.host))).toEqual(masked(before));
  });

  test('lets the sessions of a drained server end, and says how many are left when they do not', async () => {
    const node = await withHaproxy();
    const backend = createServer((socket) => socket.pipe(socket)).listen(node.backPort, '127.0.0.1');
    onTestFinished(() => void backend.close());
    const client = connect(node.frontPort, '127.0.0.1');
    onTestFinished(() => void client.destroy());
    client.write('hello');
    await new Promise((resolve) => client.once('data', resolve));

    const server = 'web/app1';
    expect(await stateOf(node, server)).toMatchObject({ sessions: 1 });
    const drain = (wait_s: number) => actions.drain({ server, wait_s }, request, node.host);
    await expect(drain(1)).rejects.toMatchObject({
      code: 'RPC_ABORTED',
      message: 'web/app1: it takes no new sessions and still has 1 after 1 s; it stays in mode drain',
    });
    expect(await stateOf(node, server)).toMatchObject({ admin: 'drain', sessions: 1 });

    const waiting = drain(60);
    client.destroy();
    expect(await waiting).toMatchObject({ admin: 'drain', sessions: 0, changed: false });
    const back = await actions.enable_server({ server, wait_s: 0 }, request, node.host);
    expect(back).toMatchObject({ admin: 'ready', changed: true });
  });

  test('says when a server that was enabled does not come up', async () => {
    const node = await withHaproxy();
    const server = 'api/app1';
    await actions.disable_server({ server }, request, node.host);
    await expect(actions.enable_server({ server, wait_s: 3 }, request, node.host)).rejects.toMatchObject({
      code: 'RPC_ABORTED',
      message: expect.stringMatching(
        /^api\/app1: it is enabled, its status is (DOWN|UP) and its last check L4CON after 3 s; it stays in mode ready$/,
      ),
    });
    const backend = createServer((socket) => socket.end()).listen(node.backPort, '127.0.0.1');
    onTestFinished(() => void backend.close());
    const up = await actions.enable_server({ server, wait_s: 60 }, request, node.host);
    expect(up).toMatchObject({ status: 'UP', check: 'L4OK', admin: 'ready' });
  });

  test('that gives the socket too few rights says so', async () => {
    const node = await withHaproxy();
    node.host.config.settings['haproxy.socket'] = join(node.dir, 'operator.sock');
    expect(await stateOf(node, 'web/app1')).toMatchObject({ admin: 'ready' });
    await expect(actions.disable_server({ server: 'web/app1' }, request, node.host)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Permission denied'),
    });
  });
});

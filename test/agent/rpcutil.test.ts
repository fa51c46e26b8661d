import { expect, test } from 'vitest';
import rpcutil from '../../agent/agents/rpcutil.ts';
import { createDataStore } from '../../agent/data-store.ts';
import type { AgentHost } from '../../agent/host.ts';
import { loadData } from '../../agent/load-data.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { aNode, request } from './host.ts';

async function aHost(): Promise<AgentHost> {
  const { host } = await aNode();
  const plugins = await loadData(undefined);
  const whole: AgentHost = {
    ...host,
    served: () => [rpcutil.ddl],
    data: createDataStore(plugins, () => whole),
    stats: () => ({ ...host.stats(), total: 3, passed: 2, startedAtMs: 5000 }),
  };
  return whole;
}
const call = <N extends keyof typeof rpcutil.actions>(name: N) => rpcutil.actions[name];

test('several facts come at once, null where there is none', async () => {
  const host = await aHost();
  expect(await call('get_facts')({ facts: 'role, nosuch' }, request, host)).toEqual({
    values: { role: 'web', nosuch: null },
  });
});

test('a fact is got by its path, and what is below a path as JSON', async () => {
  const host = { ...(await aHost()), facts: async () => ({ 'os.family': 'Debian', 'os.name': 'Debian' }) };
  const get = async (fact: string) => (await call('get_fact')({ fact }, request, host)).value;
  expect(await get('os.family')).toBe('Debian');
  expect(await get('os')).toBe('{"family":"Debian","name":"Debian"}');
  expect(await get('os.nosuch')).toBeNull();
  expect(await call('get_facts')({ facts: 'os,x' }, request, host)).toEqual({
    values: { os: '{"family":"Debian","name":"Debian"}', x: null },
  });
});

test('data plug-ins answer by name and argument', async () => {
  const host = await aHost();
  const get = (source: string, query?: string) =>
    call('get_data')({ source, ...(query === undefined ? {} : { query }) }, request, host);
  expect(await get('fact', 'role')).toEqual({
    values: { exist: true, value: 'web', value_encoding: 'text' },
  });
  expect(await get('fact', 'constructor')).toEqual({ values: { exist: false } });
  expect(await get('agent', 'rpcutil')).toMatchObject({
    values: { served: true, version: '1.0.0', timeout: 10 },
  });
  expect(await get('agent', 'nosuch')).toEqual({ values: { served: false } });
  expect(await get('collective', 'provisioning')).toEqual({ values: { member: true } });
  expect(await get('provision')).toEqual({ values: { locked: false, disabled: false } });
});

test('a data plug-in that is not there, or is asked wrongly, is named', async () => {
  const host = await aHost();
  const get = (source: string, query?: string) =>
    call('get_data')({ source, ...(query === undefined ? {} : { query }) }, request, host);
  await expect(get('fcat', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND', message: /did you mean 'fact'/ });
  await expect(get('provision', 'x')).rejects.toMatchObject({ code: 'RPC_INVALID_DATA' });
  await expect(get('fact')).rejects.toMatchObject({ code: 'RPC_INVALID_DATA', message: /^fact\(''\)/ });
  await expect(host.data.value({ name: 'fact', query: 'role', field: 'vlaue' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: /it has exist, value/,
  });
});

test('statistics count what was heard', async () => {
  const host = await aHost();
  expect(await call('daemon_stats')({}, request, host)).toMatchObject({
    agents: ['rpcutil'],
    pid: process.pid,
    starttime: 5,
    total: 3,
    passed: 2,
    rss: expect.any(Number),
  });
});

test('collectives and data plug-ins are part of what a node says of itself', async () => {
  const host = await aHost();
  expect(await call('collective_info')({}, request, host)).toEqual({
    main_collective: 'provisioning',
    collectives: ['provisioning'],
  });
  const { data_plugins } = await call('inventory')({}, request, host);
  expect(data_plugins).toEqual(expect.arrayContaining(['agent', 'collective', 'fact', 'provision']));
});

test('a node that was never provisioned by a controller has no provision data, which says so', async () => {
  const host = await aHost();
  const plugins = await loadData(undefined);
  const master: AgentHost = { ...host, config: DaemonConfig.parse({ broker: { host: 'b' } }), node: null };
  const data = createDataStore(plugins, () => master);
  await expect(data.look('provision', null)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: "the data plug-in 'provision' is not active on this node",
  });
});

test('a data plug-in is not asked any more when nobody waits for it', async () => {
  const { data } = await aHost();
  await expect(data.look('fact', 'role', AbortSignal.abort())).rejects.toMatchObject({ code: 'RPC_FAILED' });
});

test('a data plug-in that cannot tell whether it is active does not take the others out of the inventory', async () => {
  const host = await aHost();
  const plugins = new Map(await loadData(undefined));
  const { fact } = Object.fromEntries(plugins);
  if (fact === undefined) throw new Error('there is a data plug-in fact');
  plugins.set('fact', { ...fact, activate: () => Promise.reject(new Error('broken')) });
  const listed = await createDataStore(plugins, () => host).list();
  expect(listed.map(({ name }) => name)).toContain('fstat');
  expect(listed.map(({ name }) => name)).not.toContain('fact');
});

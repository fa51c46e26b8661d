import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createAuditFile } from '../../agent/audit/file.ts';
import { createGate } from '../../agent/audit/gate.ts';
import { createPolicies } from '../../agent/policies.ts';
import { dispatch } from '../../src/bus/dispatch.ts';
import type { Admitted } from '../../src/bus/gate.ts';
import { systemClock } from '../../src/core/clock.ts';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { silentLog } from '../../src/core/log.ts';
import { tempDir } from './temp.ts';

const input = z.strictObject({
  name: z.string(),
  pass_phrase: z.string().optional().meta({ secret: true }),
  note: z.string().default(''),
});
const vault = defineDdl({
  ...{
    name: 'vault',
    description: 'Keeps secrets',
    version: '1',
    author: 'x',
    license: 'x',
    url: 'x',
    timeoutS: 1,
  },
  actions: {
    store: { description: 'Stores', display: 'always', input, output: nothing },
    fail: { description: 'Fails', display: 'always', input: nothing, output: nothing },
  },
});
const POLICY = '# who\ndeny\tcert=eve\t*\t*\t*\nallow\trole=operator\t*\t*\t*\n';
const SECRET = 'correct horse battery staple';
const KEY = `-----BEGIN PRIVATE KEY-----\n${'QUJD'.repeat(20)}\n-----END PRIVATE KEY-----\n`;

async function aNode(auditPath?: string) {
  const dir = await tempDir();
  const path = auditPath ?? join(dir, 'audit.log');
  const audit = createAuditFile({ path, maxBytes: 1e6, keep: 1, clock: systemClock });
  onTestFinished(() => audit.close());
  const policies = createPolicies({
    ...{ dir, builtIn: { vault: POLICY }, enableDefault: true, allowUnconfigured: false, log: silentLog },
    ...{ node: { identity: 'i-1', agents: new Set(['rpcutil']) }, data: async () => null },
  });
  const ran: string[] = [];
  const lines = async () =>
    (await readFile(path, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const agent = {
    ddl: vault,
    actions: {
      // What is on the disk when the action runs.
      store: async () => {
        ran.push(...(await lines()).map(({ kind, verdict }) => `${kind} ${verdict}`), 'store');
        return {};
      },
      fail: async () => {
        throw new Error('a bug');
      },
    },
  };
  const agents = new Map([['vault', agent]]);
  const authorize = createGate({
    ...{ policies, audit, clock: systemClock, log: silentLog },
    ddlOf: (name) => agents.get(name)?.ddl,
  });
  const call = (name: string, what: string, data: Record<string, unknown> = {}) => {
    const [agentName = '', action = ''] = what.split('#');
    const request = { id: 'a'.repeat(32), iat_ms: 1_900_000_000_123, collective: 'mcollective' };
    const admitted = {
      request: { ...request, agent: agentName, action, data },
      sender: { name, role: 'operator' },
    } as unknown as Admitted;
    const by = { facts: () => ({}), classes: () => [], host: null, signal: new AbortController().signal };
    return dispatch(admitted, { ...by, agents: () => agents, authorize, log: silentLog });
  };
  return { call, ran, lines, audit, path };
}

test("a decision has Choria's eight fields, verdict and policy line, and is on the disk before the action runs", async () => {
  const { call, ran, lines, audit } = await aNode();
  expect(await call('alice', 'vault#store', { name: 'x' })).toMatchObject({ status: 0 });
  expect(ran).toEqual(['decision allow', 'store']);
  await audit.close();
  const [decision, outcome] = await lines();
  expect(decision).toMatchObject({
    ...{ kind: 'decision', request_id: 'a'.repeat(32), request_time: 1_900_000_000, caller: 'cert=alice' },
    ...{ sender: 'alice', agent: 'vault', action: 'store', data: { name: 'x' } },
    ...{ verdict: 'allow', policy: 'built-in/vault.policy:3', seq: 1 },
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
  });
  expect(outcome).toMatchObject({
    kind: 'outcome',
    status: 0,
    code: null,
    request_id: 'a'.repeat(32),
    seq: 2,
  });
});

test('a denied request is in the audit, with the line that denies, and nothing runs', async () => {
  const { call, ran, lines } = await aNode();
  expect(await call('eve', 'vault#store', { name: 'x' })).toMatchObject({
    status: 1,
    code: 'RPC_DENIED',
    message: expect.stringContaining('vault.policy:2'),
  });
  expect(ran).toEqual([]);
  expect(await lines()).toMatchObject([
    { verdict: 'deny', caller: 'cert=eve', policy: 'built-in/vault.policy:2' },
  ]);
});

test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'nothing'])(
  'an action that the DDL does not have is refused and recorded, without its data: %s',
  async (action) => {
    const { call, lines, audit } = await aNode();
    expect(await call('alice', `vault#${action}`, { p: SECRET })).toMatchObject({
      status: 2,
      code: 'RPC_UNKNOWN_ACTION',
    });
    await audit.close();
    const [decision, outcome] = await lines();
    expect(decision).toMatchObject({ action, data: { unknown: expect.stringMatching(/^\[data, sha256 /) } });
    expect(outcome).toMatchObject({ status: 2, code: 'RPC_UNKNOWN_ACTION' });
    expect(JSON.stringify(await lines())).not.toContain(SECRET);
  },
);

test('an action that fails is recorded with its code', async () => {
  const { call, lines, audit } = await aNode();
  await call('alice', 'vault#fail');
  await audit.close();
  expect(await lines()).toMatchObject([{ verdict: 'allow' }, { status: 5, code: 'RPC_FAILED' }]);
});

test('secret fields, undeclared fields and private keys never reach the audit', async () => {
  const { call, path } = await aNode();
  await call('alice', 'vault#store', { name: 'x', pass_phrase: SECRET, note: `here: ${KEY}` });
  await call('alice', 'vault#store', { name: 'x', [SECRET]: SECRET, undeclared: SECRET });
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain('QUJDQUJD');
  expect(text).not.toContain('correct horse');
  expect(text).toContain('"[redacted]"');
  expect(text).toContain('here: [private key, sha256 ');
});

test.each(['/dev/full', '/proc/version/audit.log'])(
  'what cannot be recorded is not done: %s',
  async (path) => {
    const { call, ran } = await aNode(path);
    expect(await call('alice', 'vault#store', { name: 'x' })).toMatchObject({
      status: 1,
      code: 'AUDIT_FAILED',
    });
    expect(await call('eve', 'vault#store', { name: 'x' })).toMatchObject({
      status: 1,
      code: 'AUDIT_FAILED',
    });
    expect(ran).toEqual([]);
  },
);

test('data longer than a line are recorded by their hash', async () => {
  const { call, lines } = await aNode();
  await call('alice', 'vault#store', { name: 'x'.repeat(100_000) });
  expect((await lines())[0]).toMatchObject({ data: { too_long: expect.stringMatching(/^\[data, sha256 /) } });
});

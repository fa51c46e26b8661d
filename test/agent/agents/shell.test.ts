import { describe, expect, test } from 'vitest';
import agent from '../../../agent/agents/shell.ts';
import { createGate } from '../../../agent/audit/gate.ts';
import type { CallAttempt } from '../../../src/bus/dispatch.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { aNode, request } from '../host.ts';

const run = async (command: string, timeout_s = 30, signal = request.signal) => {
  const { host } = await aNode();
  return agent.actions.run({ command, timeout_s }, { ...request, signal }, host);
};

describe('The shell', () => {
  test.each([
    [undefined, false],
    ['false', false],
    ['true', true],
  ])('with shell.enabled %s is served: %s', async (enabled, served) => {
    const { host } = await aNode();
    if (enabled !== undefined) host.config.settings['shell.enabled'] = enabled;
    expect(await agent.activate(host)).toBe(served);
  });

  test('is not served with a value that is neither yes nor no', async () => {
    const { host } = await aNode({ settings: { 'shell.enabled': 'maybe' } });
    await expect(agent.activate(host)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('runs a text and gives what it says', async () => {
    expect(await run('echo "a  b" | tr a-z A-Z; echo err >&2; exit 3')).toEqual({
      stdout: 'A  B\n',
      stderr: 'err\n',
      exitcode: 3,
      success: false,
      timed_out: false,
    });
    expect(await run('true')).toMatchObject({ exitcode: 0, success: true });
  });

  test('ends what takes too long, with all that it started, and keeps what it said', async () => {
    expect(await run('echo begun; sleep 600 & wait', 3)).toEqual({
      stdout: 'begun\n',
      stderr: '',
      exitcode: null,
      success: false,
      timed_out: true,
    });
  });

  test('ends when the request is given up', async () => {
    expect(await run('sleep 600', 300, AbortSignal.abort())).toMatchObject({ exitcode: null });
  });

  test('keeps no more output than fits into a reply, twice in the worst case', async () => {
    const { stdout, stderr } = await run('head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2');
    expect([stdout.length, stderr.length]).toEqual([20_000, 20_000]);
    // Base64 of the signature and of the encryption come on top.
    expect(JSON.stringify({ stdout, stderr }).length * (4 / 3) ** 2).toBeLessThan(512 * 1024);
  });

  test('takes nothing but a text and a time', () => {
    const fits = (input: object) => agent.ddl.actions.run.input.safeParse(input).success;
    expect(fits({ command: 'id; uptime', timeout_s: 300 })).toBe(true);
    const wrong = [{}, { command: '' }, { command: 'a\0b' }, { command: 'x'.repeat(8193) }];
    for (const input of [...wrong, { command: 'id', timeout_s: 301 }, { command: 'id', user: 'root' }])
      expect(fits(input)).toBe(false);
  });

  test('leaves the text in the audit before it runs, and of a refused one too', async () => {
    const { host } = await aNode();
    const records: unknown[] = [];
    const append = async (record: unknown) => void records.push(record);
    const { policies } = host;
    const gate = createGate({
      policies,
      audit: { append },
      ddlOf: () => agent.ddl,
      clock: systemClock,
      log: silentLog,
    });
    const attempt: CallAttempt = {
      ...{ requestId: '0'.repeat(32), requestedAtMs: 0, caller: 'cert=alice', collective: 'production' },
      ...{ agent: 'shell', action: 'run', data: { command: 'id' }, facts: {}, classes: [] },
      sender: { name: 'alice', role: 'operator' },
    };
    await expect(gate(attempt)).rejects.toMatchObject({ code: 'RPC_DENIED' });
    expect(records).toMatchObject([
      { verdict: 'deny', data: { command: 'id' }, policy: 'built-in/shell.policy:3' },
    ]);
  });
});

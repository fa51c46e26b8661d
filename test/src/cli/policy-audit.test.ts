import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createAuditFile } from '../../../agent/audit/file.ts';
import { auditTable, sinceMs } from '../../../src/cli/lib/audit-text.ts';
import { systemClock } from '../../../src/core/clock.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function muster(...args: string[]): Promise<{ code: unknown; stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: { NO_COLOR: '1' } }, (error, stdout) =>
      resolve({ code: error?.code ?? 0, stdout }),
    );
  });
}

test('policy lint names file, line, column and reason, knows the actions of our agents, and groups beside the file', async () => {
  const dir = await folder();
  const file = join(dir, 'rpcutil.policy');
  await writeFile(join(dir, 'groups'), 'admins cert=alice\n');
  await writeFile(file, 'allow\tadmins\tping\t*\t*\ndeny\tcert=eve\tpnig\t*\t*\nallow cert=x * * *\n');
  const bad = await muster('policy', 'lint', file);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain(
    `${file}:2:15: error: the agent has no action 'pnig'\n    did you mean 'ping'?\n`,
  );
  expect(bad.stdout).toContain(`${file}:3:6: error: spaces instead of a tab between the columns\n`);
  expect(bad.stdout).toContain('1 checked, 2 errors, 0 warnings');
  await writeFile(file, 'allow\tadmins\tping\t*\t*\n');
  const good = await muster('policy', 'lint', '--json', file, join(dir, 'groups'));
  expect([good.code, JSON.parse(good.stdout)]).toEqual([0, { files: 2, errors: 0, problems: [] }]);
});

test('audit verify says that the chain holds, and where it does not', async () => {
  const path = join(await folder(), 'audit.log');
  const audit = createAuditFile({ path, maxBytes: 1000, keep: 5, clock: systemClock });
  const called = { request_id: '1', caller: 'cert=alice', collective: 'x', agent: 'a', action: 'b' };
  for (let count = 0; count < 6; count++)
    await audit.append({ kind: 'outcome', ...called, status: 0, code: null, took_ms: 1 });
  await audit.close();
  const good = await muster('audit', 'verify', path);
  expect(good).toEqual({ code: 0, stdout: expect.stringMatching(/files, lines 1 to 6: the chain holds\n$/) });
  const older = `${path}.1`;
  await writeFile(older, (await readFile(older, 'utf8')).replace('alice', 'alicf'));
  const bad = await muster('audit', 'verify', '--json', path);
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    problems: [{ file: older, line: 1, problem: 'was changed' }],
  });
});

test.each([
  ['90s', 1_000_000_000 - 90_000],
  ['1h', 1_000_000_000 - 3_600_000],
  ['1970-01-02T00:00:00Z', 86_400_000],
])('--since %s', (text, expected) => {
  expect(sinceMs(text, 1_000_000_000)).toBe(expected);
});

test.each(['1', 'yesterday', '1y', ''])('--since %j is refused', (text) => {
  expect(() => sinceMs(text, 0)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('the table shows who, what, the verdict, its line and the outcome', () => {
  const hash = '0'.repeat(64);
  const common = { timestamp: '2030-01-01T00:00:00.123000+00:00', seq: 1, prev: hash, hash, request_id: '1' };
  const called = { caller: 'cert=alice', collective: 'x', agent: 'rpcutil', action: 'ping' };
  const more = { request_time: 1, sender: 'alice', role: 'operator', data: {}, reason: '' };
  const decision = {
    ...common,
    ...called,
    ...more,
    kind: 'decision',
    verdict: 'allow',
    policy: 'p:3',
  } as const;
  const outcome = { ...common, ...called, kind: 'outcome', status: 0, code: null, took_ms: 7 } as const;
  expect(auditTable([{ node: 'web1', decision, outcome }])).toMatch(
    /2030-01-01 00:00:00 +web1 +cert=alice +rpcutil#ping +allow +p:3 +OK in 7 ms$/,
  );
});

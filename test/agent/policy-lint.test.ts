import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { externalAgents } from '../../agent/external/folder.ts';
import { loadAgents } from '../../agent/load-agents.ts';
import { logPolicyProblems } from '../../agent/policy-lint.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { tempDir } from './temp.ts';

const TEXTS = { description: 'd', author: 'a', license: 'l', version: '1.0.0', url: 'u' };
const ECHO = {
  metadata: { ...TEXTS, name: 'echo', timeout: 5, provider: 'external' },
  actions: [{ action: 'ping', description: 'd' }],
};

/** What is logged of a folder with these files. */
async function logged(files: Readonly<Record<string, string>>) {
  const dir = await tempDir();
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return { dir, lines: await linesOf(dir) };
}

async function linesOf(dir: string, agentsDir = dir) {
  const lines: Record<string, unknown>[] = [];
  const tell = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, ...fields, message });
  const log: Log = Object.assign(Object.create(silentLog), { error: tell('error'), warn: tell('warn') });
  const agents = await loadAgents(undefined);
  const places = { dir: agentsDir, configDir: agentsDir, root: join(agentsDir, 'handed-over') };
  const external = externalAgents({ ...places, agents, log: silentLog });
  await logPolicyProblems({ dir, agents, external, log });
  return lines;
}

test('a daemon that starts names file, line and reason of each problem of its policies, used or not', async () => {
  const { dir, lines } = await logged({
    'rpcutil.policy': 'policy default deny\nallow\tcert=alice\tpnig\t*\t*\n',
    'default.policy': 'policy default maybe\n',
    'own.policy': 'allow\t/cert=a/\tdo\t*\t*\n',
    groups: 'admins not-a-caller\n',
    'notes.txt': 'nothing of ours',
  });
  expect(lines).toMatchObject([
    { level: 'error', file: join(dir, 'default.policy'), line: 1 },
    { level: 'error', file: join(dir, 'groups'), line: 1 },
    { level: 'warn', file: join(dir, 'own.policy'), line: 1, message: 'a policy is doubtful' },
    {
      ...{ level: 'error', file: join(dir, 'rpcutil.policy'), line: 2 },
      reason: "the agent has no action 'pnig'",
      hint: "did you mean 'ping'?",
    },
  ]);
});

test('an action that an external agent does not have is named before the agent is served', async () => {
  const { dir, lines } = await logged({
    'echo.json': JSON.stringify(ECHO),
    'echo.policy': 'allow\tcert=alice\tpnig\t*\t*\n',
    'broken.json': '{',
    'broken.policy': 'allow\tcert=alice\tpnig\t*\t*\n',
  });
  expect(lines).toMatchObject([
    {
      ...{ level: 'error', file: join(dir, 'echo.policy'), line: 1 },
      reason: "the agent has no action 'pnig'",
      hint: "did you mean 'ping'?",
    },
  ]);
});

test('good policies, and no folder at all, say nothing; what cannot be read is named', async () => {
  const { dir, lines } = await logged({ 'rpcutil.policy': 'allow\tcert=alice\tping\t*\t*\n' });
  expect(lines).toEqual([]);
  expect(await linesOf(join(dir, 'none'))).toEqual([]);
  await mkdir(join(dir, 'folder.policy'));
  expect(await linesOf(dir)).toMatchObject([{ level: 'error', file: join(dir, 'folder.policy') }]);
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import rpcutil from '../../agent/agents/rpcutil.ts';
import { buildInfo } from '../../agent/build-info.ts';
import { loadAgents } from '../../agent/load-agents.ts';
import { createPolicies, type PolicyOptions } from '../../agent/policies.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Role } from '../../src/core/names.ts';
import { lintPolicy } from '../../src/trust/policy/lint.ts';
import { aNode, request } from './host.ts';
import { tempDir } from './temp.ts';

async function policies(files: Readonly<Record<string, string>> = {}, more: Partial<PolicyOptions> = {}) {
  const dir = await tempDir();
  const write = (name: string, text: string) => writeFile(join(dir, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const node = { identity: 'i-1', agents: new Set(['rpcutil']) };
  const options = {
    ...{ dir, builtIn: buildInfo().policies, enableDefault: true, allowUnconfigured: false },
    ...{ node, data: async () => null },
  };
  const made = createPolicies({ ...options, log: silentLog, ...more });
  const ask = (who: Role | `cert=${string}`, what: string) => {
    const [agent = '', action = ''] = what.split('#');
    const [caller, role] = who.startsWith('cert=') ? [who, 'operator'] : [`cert=some-${who}`, who];
    return made.decide(agent, { caller, role, action, facts: { country: 'de' }, classes: [] });
  };
  return { dir, write, ask, verdict: async (...of: Parameters<typeof ask>) => (await ask(...of)).verdict };
}

describe("Muster's own policies", () => {
  test('have no problems, for the actions that the agents have', async () => {
    const agents = await loadAgents(undefined);
    for (const [name, text] of Object.entries(buildInfo().policies)) {
      const actions = agents.has(name) ? Object.keys(agents.get(name)?.ddl.actions ?? {}) : null;
      expect([name, lintPolicy(text, { groups: new Map(), actions })]).toEqual([name, []]);
    }
  });

  test('let a controller do all that provisioning needs', async () => {
    const { verdict } = await policies();
    const agents = await loadAgents(undefined);
    for (const agent of ['provision', 'puppetca', 'rpcutil', 'trust'])
      for (const action of Object.keys(agents.get(agent)?.ddl.actions ?? {}))
        expect([agent, action, await verdict('controller', `${agent}#${action}`)]).toEqual([
          agent,
          action,
          'allow',
        ]);
  });

  test('let an operator read, and change nothing', async () => {
    const { verdict } = await policies();
    for (const what of [
      'rpcutil#ping',
      'rpcutil#inventory',
      'rpcutil#get_fact',
      'puppetca#status',
      'provision#is_locked',
      'nrpe#runcommand',
      'haproxy#state',
      'puppet#status',
      'puppet#last_run_summary',
      'puppet#run_status',
      'package#status',
      'package#checkupdates',
      'service#status',
    ])
      expect([what, await verdict('operator', what)]).toEqual([what, 'allow']);
    for (const what of [
      'puppetca#sign',
      'puppetca#clean',
      'provision#run_puppet',
      'provision#lock_deploy',
      'haproxy#disable_server',
      'nagios#maintenance',
      'filemgr#tail',
      'process#list',
      'shell#run',
      'puppet#runonce',
      'puppet#enable',
      'puppet#disable',
      'puppet#resource',
      'puppetral#find',
      'puppetral#create',
      'package#install',
      'package#apt_update',
      'service#restart',
      'service#disable',
      'site#do',
    ])
      expect([what, await verdict('operator', what)]).toEqual([what, 'deny']);
  });

  test.each(['node', 'master', 'server'] as const)('let a %s do nothing', async (role) => {
    const { verdict } = await policies();
    for (const what of ['rpcutil#ping', 'provision#lock_deploy', 'puppetca#sign', 'site#do'])
      expect([what, await verdict(role, what)]).toEqual([what, 'deny']);
  });

  test('name the line that decides', async () => {
    const { ask } = await policies();
    expect(await ask('controller', 'provision#lock_deploy')).toMatchObject({
      verdict: 'allow',
      file: 'built-in/provision.policy',
      line: 4,
      text: 'allow\trole=controller\t*\t*\t*',
    });
    expect(await ask('operator', 'site#do')).toMatchObject({
      verdict: 'deny',
      file: 'built-in/default.policy',
      line: 2,
    });
  });
});

describe("a site's policies", () => {
  const alice = 'allow\tcert=alice\t*\tcountry=de\t*\n';

  test('stand before those of Muster, and hold at once when they are changed', async () => {
    const { verdict, write } = await policies({ 'rpcutil.policy': alice });
    expect(await verdict('cert=alice', 'rpcutil#ping')).toBe('allow');
    expect(await verdict('controller', 'rpcutil#ping')).toBe('deny');
    await write('rpcutil.policy', alice.replace('country=de', 'country=us'));
    expect(await verdict('cert=alice', 'rpcutil#ping')).toBe('deny');
    expect(await verdict('controller', 'provision#lock_deploy')).toBe('allow');
  });

  test('default.policy is for agents without one, unless that is turned off', async () => {
    const { verdict } = await policies({ 'default.policy': alice });
    expect(await verdict('cert=alice', 'site#do')).toBe('allow');
    expect(await verdict('cert=alice', 'puppetca#sign')).toBe('deny');
    const off = await policies({ 'default.policy': alice }, { enableDefault: false });
    expect(await off.verdict('cert=alice', 'site#do')).toBe('deny');
  });

  test('without any, allow_unconfigured lets controllers and operators call, and nobody else', async () => {
    const { verdict } = await policies({}, { allowUnconfigured: true });
    expect(await verdict('operator', 'site#do')).toBe('allow');
    expect(await verdict('node', 'site#do')).toBe('deny');
    expect(await verdict('operator', 'puppetca#sign')).toBe('deny');
  });

  test('alone open the shell: neither default.policy nor allow_unconfigured does', async () => {
    const open = { 'default.policy': 'policy default allow\n' };
    const { verdict, ask, write } = await policies(open, { allowUnconfigured: true });
    expect(await verdict('operator', 'site#do')).toBe('allow');
    for (const who of ['operator', 'controller', 'cert=alice'] as const)
      expect(await ask(who, 'shell#run')).toMatchObject({
        verdict: 'deny',
        file: 'built-in/shell.policy',
        line: 3,
      });
    await write('shell.policy', alice);
    expect(await verdict('cert=alice', 'shell#run')).toBe('allow');
    expect(await verdict('operator', 'shell#run')).toBe('deny');
  });

  test('know groups, and a groups file with an error denies where groups are used', async () => {
    const text = 'allow\tadmins\t*\t*\t*\n';
    const { verdict, ask, write } = await policies({ 'site.policy': text, groups: 'admins cert=alice\n' });
    expect(await verdict('cert=alice', 'site#do')).toBe('allow');
    await write('groups', 'admins cert=alice\nothers admins\n');
    expect(await ask('cert=alice', 'site#do')).toMatchObject({
      verdict: 'deny',
      reason: expect.stringContaining("the file 'groups'"),
    });
  });

  test('that cannot be read deny', async () => {
    const { dir, ask } = await policies();
    await mkdir(join(dir, 'site.policy'));
    expect(await ask('controller', 'site#do')).toMatchObject({
      verdict: 'deny',
      reason: expect.stringContaining('cannot be read'),
    });
  });
});

test('rpcutil#policy_explain says which line decides, and whether the action is served', async () => {
  const { host } = await aNode();
  const input = { caller: 'cert=alice', role: 'operator', agent: 'puppetca', action: 'sign' } as const;
  expect(await rpcutil.actions.policy_explain(input, request, host)).toEqual({
    verdict: 'deny',
    file: 'built-in/puppetca.policy',
    line: 3,
    text: 'policy default deny',
    reason: 'no line fits: the default',
    known: false,
  });
});

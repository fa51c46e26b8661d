import { chmod, chown, mkdir, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { externalAgents } from '../../../agent/external/folder.ts';
import { programPlaces } from '../../../agent/external/places.ts';
import type { AnyAgent } from '../../../agent/host.ts';
import { aNode } from '../host.ts';
import { eventually, tempDir } from '../temp.ts';
import { contract, keptLog, lay, program, say } from './kit.ts';

const FINE = program(`reply '{"data": {"said": "one"}}'`);

/** A folder that is followed, and what the daemon would see of it. */
async function followed(files: Readonly<Record<string, string>> = {}, { settleMs = 0 } = {}) {
  const dir = await tempDir();
  const { host } = await aNode();
  const { log, lines } = keptLog();
  const own: AnyAgent = { ddl: (await import('../../../agent/agents/rpcutil.ddl.ts')).rpcutil, ...NOTHING };
  const agents = new Map<string, AnyAgent>([['own_agent', own]]);
  await lay(dir, files);
  let changes = 0;
  const settings = { configDir: join(dir, 'plugin.d'), root: join(dir, '.run') };
  const external = externalAgents({ dir, ...settings, agents, log, settleMs, pollMs: 200 });
  const end = external.follow(() => {
    changes += 1;
  });
  onTestFinished(end);
  const said = async () => (await say(agents, 'talker', {}, { host })).data.said;
  const names = () => [...agents.keys()].filter((name) => name !== 'own_agent');
  const reasons = () =>
    lines.filter(([level]) => level === 'error').map(([, , fields]) => String(fields.reason));
  return { dir, agents, host: { ...host, log }, lines, said, names, reasons, changes: () => changes };
}

const NOTHING = { activate: async () => true, actions: {} };

describe('An external agent', () => {
  test('is added, replaced and removed while the daemon runs', async () => {
    const { dir, names, said, changes } = await followed();
    await lay(dir, { 'talker.json': contract('talker'), talker: FINE });
    await eventually(() => names().length === 1 && changes() > 0);
    expect(await said()).toBe('one');
    await lay(dir, { talker: FINE.replace('one', 'two') });
    await eventually(async () => (await said()) === 'two');
    await rm(join(dir, 'talker.json'));
    await eventually(() => names().length === 0);
    expect(changes()).toBeGreaterThanOrEqual(3);
  });

  test('is taken when its files have rested for a while', async () => {
    const { names, said } = await followed(
      { 'talker.json': contract('talker'), talker: FINE },
      { settleMs: 700 },
    );
    await eventually(() => names().length === 1);
    expect(await said()).toBe('one');
  });

  test('may be a whole program in a folder, for this system and processor, with the contract beside it or in it', async () => {
    const whole = programPlaces('', 'talker')[2] ?? '';
    const beside = await followed({ 'talker.json': contract('talker'), [`talker/${whole}`]: FINE });
    await eventually(() => beside.names().length === 1);
    expect(await beside.said()).toBe('one');
    const within = await followed({ 'talker/talker.json': contract('talker'), 'talker/talker': FINE });
    await eventually(() => within.names().length === 1);
    expect(await within.said()).toBe('one');
  });

  test('is served only when it wants to be, and asked again when it gave no answer', async () => {
    const unwilling = program('', `echo '{"activate": false}' >"$CHORIA_EXTERNAL_REPLY"`);
    const silent = program('', 'exit 1');
    const slow = program('', 'sleep 60');
    const { agents, host, names, changes, lines } = await followed({
      ...{ 'unwilling.json': contract('unwilling'), unwilling, 'silent.json': contract('silent'), silent },
      ...{ 'slow.json': contract('slow'), slow, 'fine.json': contract('fine'), fine: FINE },
    });
    await eventually(() => names().length === 4);
    const before = changes();
    const willing = await Promise.all(names().map((name) => agents.get(name)?.activate(host)));
    expect(Object.fromEntries(names().map((name, index) => [name, willing[index]]))).toEqual({
      ...{ fine: true, silent: false, slow: false, unwilling: false },
    });
    await eventually(() => changes() > before);
    await Promise.all(names().map((name) => agents.get(name)?.activate(host)));
    const complaints = lines.filter(([level]) => level === 'error').map(([, , { reason }]) => reason);
    expect(complaints.sort()).toEqual([
      'silent ended with exit code 1',
      'slow did not end within 2 s, and was killed',
    ]);
  });

  test('that served once is not lost because it is slow for a moment', async () => {
    const once = 'cd "$(dirname "$0")"; [ -e asked ] && exit 1; touch asked';
    const talker = program('', `${once}; echo '{"activate": true}' >"$CHORIA_EXTERNAL_REPLY"`);
    const { agents, host } = await followed({ 'talker.json': contract('talker'), talker });
    await eventually(() => agents.has('talker'));
    expect(await agents.get('talker')?.activate(host)).toBe(true);
    expect(await agents.get('talker')?.activate(host)).toBe(true);
  });
});

describe('A contract', () => {
  test.each([
    ['talker', '{', 'is no JSON'],
    ['talker', contract('other'), "the name in it is 'other', expected 'talker'"],
    ['talker', contract('talker', { metadata: { timeout: 'x' } }), 'metadata.timeout'],
    ['scout', contract('scout'), "the name 'scout' is reserved"],
    ['own_agent', contract('own_agent'), "there is an agent 'own_agent' already"],
    ['9lives', contract('9lives'), "'9lives' is no name of an agent"],
  ])('of %s that cannot be taken is named with its reason, once (%#)', async (name, text, reason) => {
    const { dir, names, reasons } = await followed({ [`${name}.json`]: text, [name]: FINE });
    await eventually(() => reasons().length > 0);
    await lay(dir, { note: 'makes it look again' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(reasons()).toHaveLength(1);
    expect(reasons()[0]).toContain(reason);
    expect(names()).toEqual([]);
  });

  test('without a program, or with one that cannot be run, says where it was looked for', async () => {
    const { dir, names, reasons } = await followed({ 'talker.json': contract('talker') });
    await eventually(() => reasons().length === 1);
    expect(reasons()[0]).toContain(`there is no program at ${join(dir, 'talker')} or `);
    await lay(dir, { talker: 'no script' });
    await eventually(() => reasons().length === 2);
    expect(reasons()[1]).toBe(`${join(dir, 'talker')} cannot be run (chmod +x)`);
    await chmod(join(dir, 'talker'), 0o755);
    await eventually(() => names().length === 1);
  });

  test('for another kind of agent is left alone', async () => {
    const { names, lines } = await followed({
      'talker.json': contract('talker', { metadata: { provider: 'ruby' } }),
    });
    await eventually(() => lines.length > 0);
    expect(lines[0]?.slice(0, 2)).toEqual(['info', 'a contract is left out']);
    expect(names()).toEqual([]);
  });

  test.each([
    ['contract that all may write', (dir: string) => chmod(join(dir, 'talker.json'), 0o666), 'talker.json'],
    ['program that a group may write', (dir: string) => chmod(join(dir, 'talker'), 0o775), 'talker'],
    ['folder that all may write', (dir: string) => chmod(dir, 0o777), ''],
  ])('with a %s is not served, and no longer when it becomes so', async (_what, spoil, file) => {
    const { dir, names, reasons } = await followed({
      ...{ 'talker.json': contract('talker'), talker: FINE },
    });
    await eventually(() => names().length === 1);
    await spoil(dir);
    await eventually(() => names().length === 0);
    expect(reasons()).toEqual([`${join(dir, file)} can be written by others (chmod go-w)`]);
  });

  test('or program of another user is not served, not even behind a link', async () => {
    if (process.getuid?.() !== 0) return;
    const elsewhere = await tempDir();
    await lay(elsewhere, { theirs: FINE });
    await chown(join(elsewhere, 'theirs'), 12_345, 12_345);
    const { dir, names, reasons } = await followed({ 'talker.json': contract('talker') });
    await symlink(join(elsewhere, 'theirs'), join(dir, 'talker'));
    await eventually(() => reasons().some((reason) => reason.includes('belongs to user 12345')));
    expect(names()).toEqual([]);
  });
});

test('What a killed daemon left to hand over is removed, and a folder that is not there yet is waited for', async () => {
  const base = await tempDir();
  const [dir, root] = [join(base, 'agents'), join(base, 'run')];
  await mkdir(join(root, 'talker-x'), { recursive: true });
  await utimes(root, 0, 0);
  const agents = new Map<string, AnyAgent>();
  const { log } = keptLog();
  const settings = { dir, configDir: dir, root, agents, log, settleMs: 0, pollMs: 100 };
  onTestFinished(externalAgents(settings).follow(() => undefined));
  await lay(dir, { 'talker.json': contract('talker'), talker: FINE });
  await eventually(() => agents.has('talker'));
  const { exists } = await import('../../../agent/files.ts');
  expect(await exists(join(root, 'talker-x'))).toBe(false);
});

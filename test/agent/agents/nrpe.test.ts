import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import agent from '../../../agent/agents/nrpe.ts';
import data from '../../../agent/data/nrpe.ts';
import { splitOutput } from '../../../agent/nrpe/check.ts';
import { readCommands } from '../../../agent/nrpe/commands.ts';
import { aNode, request } from '../host.ts';

const { actions, ddl } = agent;

async function nodeWith(files: Readonly<Record<string, string>>, settings: Record<string, string> = {}) {
  const node = await aNode();
  const dir = join(node.dir, 'nrpe.d');
  await mkdir(dir, { mode: 0o755 });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o644 });
  node.host.config.settings['nrpe.conf_dir'] = dir;
  Object.assign(node.host.config.settings, settings);
  const run = (command: string) => actions.runcommand({ command }, request, node.host);
  return { ...node, dir, run };
}

const checks = {
  'some.cfg': `# of this host
command[fine]=echo "all is | here" well '|' "time=3s;;;0"
 command[warm] = echo warm; exit 1
command[bad]=echo bad; exit 2
command[lost]=exit 17
command[loud]=echo 'it broke' >&2; exit 3
`,
  'more.cfg': 'command[hello]=printf "hello\\033[2J|a=1\\nline two\\n|b=2\\nc=3\\n"\n',
};

describe('runcommand', () => {
  test.each([
    ['fine', 0, 'OK', 'all is', 'here well | time=3s;;;0'],
    ['warm', 1, 'WARNING', 'warm', ''],
    ['bad', 2, 'CRITICAL', 'bad', ''],
    ['lost', 3, 'UNKNOWN', 'exit code 17', ''],
    ['loud', 3, 'UNKNOWN', 'it broke', ''],
    ['hello', 0, 'OK', 'hello?[2J\nline two', 'a=1 b=2 c=3'],
  ] as const)('%s gives exit code %i, %s', async (command, exitcode, state, output, perfdata) => {
    const { run } = await nodeWith(checks);
    expect(await run(command)).toEqual({ command, exitcode, state, output, perfdata });
  });

  test('says so when the node has no such check', async () => {
    const { run } = await nodeWith(checks);
    await expect(run('helo')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message:
        "no such command: helo (did you mean 'hello'?); commands here: bad, fine, hello, lost, loud, warm",
    });
    await expect(run('something_else')).rejects.toMatchObject({
      message: 'no such command: something_else; commands here: bad, fine, hello, lost, loud, warm',
    });
  });

  test('takes a name and nothing else from a request', () => {
    const parse = (input: object) => ddl.actions.runcommand.input.safeParse(input).success;
    expect(parse({ command: 'check_disk-1' })).toBe(true);
    for (const command of ['a b', 'a;id', '$(id)', '../x', 'a]=id\ncommand[b', '', '-x', 'x'.repeat(101)])
      expect([command, parse({ command })]).toEqual([command, false]);
    expect(parse({ command: 'check_disk', args: 'x' })).toBe(false);
  });

  test('refuses a command that wants arguments', async () => {
    const { run } = await nodeWith({ 'a.cfg': 'command[check_users]=check_users -w $ARG1$ -c $ARG2$\n' });
    await expect(run('check_users')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('a.cfg: command[check_users] takes arguments ($ARG1$)'),
    });
  });

  test('ends a check that takes too long, which is UNKNOWN', async () => {
    const { run } = await nodeWith(
      { 'a.cfg': 'command[slow]=echo begun; sleep 60\n' },
      { 'nrpe.timeout_s': '1' },
    );
    expect(await run('slow')).toMatchObject({
      exitcode: 3,
      output: expect.stringMatching(/^no result within 1 s\./),
    });
  });

  test('reads the files anew each time; the folder counts after conf_file', async () => {
    const { run, dir } = await nodeWith(
      { 'one.txt': 'command[x]=echo one\n', 'b.txt': '' },
      { 'nrpe.conf_file': 'one.txt' },
    );
    expect((await run('x')).output).toBe('one');
    await writeFile(join(dir, 'two.cfg'), 'command[x]=echo two\n');
    expect((await run('x')).output).toBe('two');
  });
});

describe('command files', () => {
  test('that others can write are refused, and the message names the file', async () => {
    const { run, dir } = await nodeWith(checks);
    await chmod(join(dir, 'some.cfg'), 0o664);
    await expect(run('fine')).rejects.toMatchObject({
      code: 'SECURITY_REJECTED',
      message: `${join(dir, 'some.cfg')} can be written by others (chmod go-w), so it is not used`,
    });
    await chmod(join(dir, 'some.cfg'), 0o644);
    await chmod(dir, 0o777);
    await expect(run('fine')).rejects.toMatchObject({ code: 'SECURITY_REJECTED' });
  });

  test('that belong to another user are refused', async () => {
    const { dir } = await nodeWith(checks);
    await expect(readCommands({ confDir: dir, confFile: '', owners: [65_534] })).rejects.toMatchObject({
      code: 'SECURITY_REJECTED',
      message: `${dir} belongs to user ${userInfo().uid}, not to root, so it is not used`,
    });
  });

  test("run as the daemon's own user, also when it is named", async () => {
    const { username } = userInfo();
    const { run } = await nodeWith({ 'a.cfg': 'command[who]=id -un\n' }, { 'nrpe.user': username });
    expect(await run('who')).toMatchObject({ output: username, exitcode: 0 });
  });

  test('need a user that exists, where one is named', async () => {
    const { run } = await nodeWith(checks, { 'nrpe.user': 'no-such-user' });
    await expect(run('fine')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: "nrpe.user is 'no-such-user'; there is no such user on this node",
    });
  });
});

test('runallcommands runs all of them; one that cannot run does not keep the others from it', async () => {
  const node = await nodeWith({ ...checks, 'z.cfg': 'command[args]=x $ARG1$\n' });
  const { commands, state } = await actions.runallcommands({}, request, node.host);
  expect(state).toBe('CRITICAL');
  expect(commands.map(({ command, state: one }) => [command, one])).toEqual([
    ['args', 'UNKNOWN'],
    ['bad', 'CRITICAL'],
    ['fine', 'OK'],
    ['hello', 'OK'],
    ['lost', 'UNKNOWN'],
    ['loud', 'UNKNOWN'],
    ['warm', 'WARNING'],
  ]);
});

describe('The agent is served', () => {
  test('where there is a folder of checks, or the config names a file', async () => {
    const node = await aNode({ settings: { 'nrpe.conf_dir': '/no/such' } });
    expect(await agent.activate(node.host)).toBe(false);
    node.host.config.settings['nrpe.conf_file'] = '/etc/nagios/nrpe.cfg';
    expect(await agent.activate(node.host)).toBe(true);
    expect(await agent.activate((await nodeWith({})).host)).toBe(true);
  });

  test('not with a setting that it does not know', async () => {
    const { host } = await aNode({ settings: { 'nrpe.confdir': '/x' } });
    await expect(agent.activate(host)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        "settings of nrpe: unknown setting 'confdir' (did you mean 'conf_dir'?); known here: conf_dir, conf_file, user, timeout_s",
    });
  });
});

test("the data plug-in gives a check's exit code to filters", async () => {
  const { host } = await nodeWith(checks);
  const { signal } = request;
  expect(await data.query('warm', host, signal)).toEqual({ exitcode: 1, state: 'WARNING' });
  await expect(data.query('no', host, signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test.each([
  ['OK', { output: 'OK', perfdata: '' }],
  ['', { output: '', perfdata: '' }],
  ['OK | a=1', { output: 'OK', perfdata: 'a=1' }],
  ['OK|a=1\nmore\nand more|b=2\nc=3', { output: 'OK\nmore\nand more', perfdata: 'a=1 b=2 c=3' }],
])('the output %j is split into text and performance data', (stdout, parts) => {
  expect(splitOutput(stdout)).toEqual(parts);
});

test('A check that is not waited for says so, and is not even begun when that was known before', async () => {
  const node = await nodeWith({ 'a.cfg': 'command[slow]=sleep 60\n' });
  const givenUp = { ...request, signal: AbortSignal.timeout(300) };
  const said = { exitcode: 3, state: 'UNKNOWN', output: 'given up before it had a result.' };
  expect(await actions.runcommand({ command: 'slow' }, givenUp, node.host)).toMatchObject(said);
  expect(await actions.runcommand({ command: 'slow' }, givenUp, node.host)).toMatchObject(said);
});

test('More checks than fit into one reply are refused, not left out', async () => {
  const names = Array.from({ length: 301 }, (_, index) => `command[c${index}]=true\n`);
  const { host } = await nodeWith({ 'a.cfg': names.join('') });
  await expect(actions.runallcommands({}, request, host)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'the node has 301 checks, at most 300 fit into one reply: run them by name',
  });
});

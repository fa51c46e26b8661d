import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import agent from '../../../agent/agents/nagios.ts';
import { commandLine, writeCommands } from '../../../agent/nagios/command-file.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { aNode, request } from '../host.ts';
import { tempDir } from '../temp.ts';

const { actions, ddl } = agent;
const NOW_S = 1_800_000_000;

/** A FIFO that is held open as Nagios does, and what has come through it. */
async function aFifo() {
  const path = join(await tempDir(), 'nagios.cmd');
  execFileSync('mkfifo', [path]);
  const reader = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => reader.close());
  const read = async () => {
    const buffer = Buffer.alloc(65_536);
    const { bytesRead } = await reader.read(buffer, 0, buffer.length, null);
    return buffer.toString('utf8', 0, bytesRead);
  };
  return { path, read };
}

async function aMonitor() {
  const { host } = await aNode();
  const fifo = await aFifo();
  host.config.settings['nagios.command_file'] = fifo.path;
  host.config.settings['nagios.objects_file'] = join(fifo.path, '../objects.cache');
  const at = { ...host, clock: { ...systemClock, nowMs: () => NOW_S * 1000 } };
  const by = { ...request, caller: 'cert=alice;x' };
  return { ...fifo, host: at, by };
}

describe('maintenance', () => {
  test('of a host is a downtime for it and its services, from now on', async () => {
    const { host, by, read } = await aMonitor();
    const input = ddl.actions.maintenance.input.parse({
      host: 'web1',
      duration_s: 600,
      comment: 'new release',
    });
    const { written, until } = await actions.maintenance(input, by, host);
    const fields = 'web1;1800000000;1800000600;1;0;600;alice_x;new release';
    expect(written).toEqual([
      `[1800000000] SCHEDULE_HOST_DOWNTIME;${fields}`,
      `[1800000000] SCHEDULE_HOST_SVC_DOWNTIME;${fields}`,
    ]);
    expect(until).toBe('2027-01-15T08:10:00.000Z');
    expect(await read()).toBe(`${written.join('\n')}\n`);
  });

  test('of a service is one for it alone, and of a host without its services too', async () => {
    const { host, by, read } = await aMonitor();
    const service = ddl.actions.maintenance.input.parse({ host: 'web1', service: 'HTTP (8080)' });
    await actions.maintenance(service, by, host);
    expect(await read()).toBe(
      '[1800000000] SCHEDULE_SVC_DOWNTIME;web1;HTTP (8080);1800000000;1800000300;1;0;300;alice_x;maintenance\n',
    );
    await actions.maintenance(
      ddl.actions.maintenance.input.parse({ host: 'web1', services: false }),
      by,
      host,
    );
    expect(await read()).toMatch(/^\[\d+\] SCHEDULE_HOST_DOWNTIME;[^\n]*\n$/);
  });
});

test.each([
  [{}, 'ACKNOWLEDGE_HOST_PROBLEM;web1;2;0;1;alice_x;acknowledged'],
  [{ service: 'HTTP' }, 'ACKNOWLEDGE_SVC_PROBLEM;web1;HTTP;2;0;1;alice_x;acknowledged'],
  [{ sticky: false, notify: true, comment: 'on it' }, 'ACKNOWLEDGE_HOST_PROBLEM;web1;1;1;1;alice_x;on it'],
])('acknowledge with %j writes %s', async (more, line) => {
  const { host, by, read } = await aMonitor();
  await actions.acknowledge(ddl.actions.acknowledge.input.parse({ host: 'web1', ...more }), by, host);
  expect(await read()).toBe(`[1800000000] ${line}\n`);
});

test.each([
  [{}, 'DEL_DOWNTIME_BY_HOST_NAME;web1'],
  [{ service: 'HTTP' }, 'DEL_DOWNTIME_BY_HOST_NAME;web1;HTTP'],
  [{ what: 'acknowledgement' }, 'REMOVE_HOST_ACKNOWLEDGEMENT;web1'],
  [{ what: 'acknowledgement', service: 'HTTP' }, 'REMOVE_SVC_ACKNOWLEDGEMENT;web1;HTTP'],
])('remove with %j writes %s', async (more, line) => {
  const { host, by, read } = await aMonitor();
  await actions.remove(ddl.actions.remove.input.parse({ host: 'web1', ...more }), by, host);
  expect(await read()).toBe(`[1800000000] ${line}\n`);
});

describe('nothing else than what was meant gets into the command file', () => {
  const bad = ['a;b', 'a\nb', 'a\rb', 'a\u2028b', 'a\0b', ''];

  test.each(bad)('%j is no host, service or comment', (text) => {
    const fits = (input: object) =>
      ddl.actions.maintenance.input.safeParse({ host: 'web1', ...input }).success;
    expect(fits({ service: 'Größe / 100 % | x' })).toBe(true);
    expect([fits({ host: text }), fits({ service: text }), fits({ comment: text })]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test.each(bad.slice(0, 5))('and if %j came that far, it would be refused there', (text) => {
    expect(() => commandLine(['REMOVE_HOST_ACKNOWLEDGEMENT', text], 0)).toThrow(
      'has a semicolon or control character',
    );
  });
});

describe('a host or service that Nagios does not know', () => {
  const cache = `########
define command {
\tcommand_name\tok
\t}

define host {
\thost_name\tweb1
\taddress\t127.0.0.1
\t}

define service {
\thost_name\tweb1
\tservice_description\tHTTP (8080)
\t}

`;

  test.each([
    [{ host: 'web2' }, "Nagios has no host 'web2' (did you mean 'web1'?); nothing was written"],
    [{ host: 'mail' }, "Nagios has no host 'mail'; nothing was written"],
    [
      { host: 'web1', service: 'HTTP (8081)' },
      "Nagios has no service 'HTTP (8081)' of web1 (did you mean 'HTTP (8080)'?); nothing was written",
    ],
  ])('is refused: %j', async (input, message) => {
    const { host, by, read, path } = await aMonitor();
    await writeFile(join(path, '../objects.cache'), cache);
    const parsed = ddl.actions.remove.input.parse(input);
    await expect(actions.remove(parsed, by, host)).rejects.toMatchObject({ code: 'NOT_FOUND', message });
    await actions.remove({ ...parsed, host: 'web1', service: 'HTTP (8080)' }, by, host);
    expect(await read()).toMatch(/^[^\n]*;web1;HTTP \(8080\)\n$/);
  });
});

describe('the command file', () => {
  test('that nobody reads is an error, at once', async () => {
    const path = join(await tempDir(), 'nagios.cmd');
    execFileSync('mkfifo', [path]);
    await expect(writeCommands(path, ['x'])).rejects.toMatchObject({
      code: 'NODE_IO',
      message: `nobody reads ${path}: does Nagios run?`,
    });
  });

  test('that is full is an error, at once', async () => {
    const { path } = await aFifo();
    const fill = async () => {
      for (let index = 0; index < 100; index += 1) await writeCommands(path, ['x'.repeat(4000)]);
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'NODE_IO',
      message: `${path} is full: Nagios does not read it`,
    });
  });

  test('must be a FIFO: a file keeps its content, a link is not followed', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), 'kept');
    await expect(writeCommands(join(dir, 'file'), ['x'])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('kept');
    await symlink((await aFifo()).path, join(dir, 'link'));
    await expect(writeCommands(join(dir, 'link'), ['x'])).rejects.toMatchObject({ code: 'NODE_IO' });
    await expect(writeCommands(join(dir, 'none'), ['x'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('decides whether the agent is served, unless the config names one', async () => {
    const { host } = await aNode();
    expect(await agent.activate(host)).toBe(false);
    host.config.settings['nagios.command_file'] = '/no/such';
    expect(await agent.activate(host)).toBe(true);
  });
});

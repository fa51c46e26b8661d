import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { service as ddl } from '../../../agent/agents/service.ddl.ts';
import agent from '../../../agent/agents/service.ts';
import data from '../../../agent/data/service.ts';
import { aNode, request, type TestNode } from '../host.ts';
import { tempDir } from '../temp.ts';

const { actions } = agent;
const { signal } = request;

async function script(path: string, text: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${text}`);
  await chmod(path, 0o755);
  return path;
}

/** An init script as people write them, its daemon a shell that keeps the script's output open. */
const INIT = (dir: string) => `
pid=${dir}/pid
case $1 in
start) sh -c 'while :; do sleep 1; done' & echo $! >$pid; echo started ;;
stop) [ -e $pid ] && kill "$(cat $pid)"; rm -f $pid ;;
restart) "$0" stop; "$0" start ;;
status) [ -e $pid ] && kill -0 "$(cat $pid)" && exit 0; exit 3 ;;
*) exit 2 ;;
esac
`;

async function aSysvNode(): Promise<TestNode> {
  const dir = await tempDir();
  onTestFinished(async () => {
    const pid = Number(await readFile(join(dir, 'pid'), 'utf8').catch(() => ''));
    if (pid > 1) process.kill(pid, 'SIGKILL');
  });
  await script(join(dir, 'thing'), INIT(dir));
  const settings = {
    'service.systemd_dir': join(dir, 'none'),
    'service.init_dir': dir,
    'service.rc_dir': dir,
  };
  await mkdir(join(dir, 'rc2.d'));
  return aNode({ settings });
}

describe('A service without systemd', () => {
  test('is started and stopped by its init script; a daemon that keeps its output does not hold the answer', async () => {
    const { host } = await aSysvNode();
    const thing = { service: 'thing' };
    expect(await actions.status(thing, request, host)).toEqual({ status: 'stopped', enabled: false });
    expect(await actions.start(thing, request, host)).toMatchObject({ status: 'running' });
    expect(await actions.restart(thing, request, host)).toMatchObject({ status: 'running' });
    expect(await data.query('thing', host, signal)).toMatchObject({ running: true });
    expect(await actions.stop(thing, request, host)).toMatchObject({ status: 'stopped' });
    await expect(actions.status({ service: 'nosuch' }, request, host)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('starts with the machine when a level links it', async () => {
    const { host } = await aSysvNode();
    const rcDir = host.config.settings['service.rc_dir'] ?? '';
    await writeFile(join(rcDir, 'rc2.d', 'S01thing'), '');
    expect(await actions.status({ service: 'thing' }, request, host)).toMatchObject({ enabled: true });
    expect(await data.query('thing', host, signal)).toMatchObject({ enabled: true });
  });
});

describe('The name of a service', () => {
  test.each(['--now', '-x', '../../bin/sh', 'a b', 'a;b', ''])('%j is refused', (service) => {
    expect(ddl.actions.start.input.safeParse({ service }).success).toBe(false);
  });
  test.each(['nginx', 'getty@tty1.service', 'puppet', 'a:b'])('%j is taken', (service) => {
    expect(ddl.actions.start.input.safeParse({ service }).success).toBe(true);
  });
});

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

/**
 * A stand-in for systemctl, which runs only where systemd is pid 1: it keeps units as files in a folder and answers as
 * systemctl of Debian 12 does.
 */
const SYSTEMCTL = (dir: string) => `
echo "$@" >>${dir}/calls
verb=; unit=
for word in "$@"; do case $word in -*) ;; *) if [ -z "$verb" ]; then verb=$word; else unit=$word; fi ;; esac; done
state=${dir}/units/$unit
case $verb in
show)
  if [ -e "$state" ]; then echo LoadState=loaded; cat "$state"; else echo LoadState=not-found; echo ActiveState=inactive; fi ;;
start|restart)
  if [ "$unit" = broken ]; then echo "Job for broken.service failed."; exit 1; fi
  sed -i s/ActiveState=.*/ActiveState=active/ "$state" ;;
stop) sed -i s/ActiveState=.*/ActiveState=inactive/ "$state" ;;
enable) sed -i s/UnitFileState=.*/UnitFileState=enabled/ "$state" ;;
disable) sed -i s/UnitFileState=.*/UnitFileState=disabled/ "$state" ;;
esac
`;

async function aSystemdNode(): Promise<TestNode & { readonly calls: () => Promise<string> }> {
  const dir = await tempDir();
  await mkdir(join(dir, 'units'));
  for (const unit of ['nginx', 'broken'])
    await writeFile(join(dir, 'units', unit), 'ActiveState=inactive\nUnitFileState=disabled\n');
  const systemctl = await script(join(dir, 'systemctl'), SYSTEMCTL(dir));
  const settings = { 'service.systemd_dir': dir, 'service.systemctl': systemctl };
  return { ...(await aNode({ settings })), calls: () => readFile(join(dir, 'calls'), 'utf8') };
}

describe('A service under systemd', () => {
  test('is started, stopped, enabled and disabled, and each tells how it stands then', async () => {
    const { host, calls } = await aSystemdNode();
    const nginx = { service: 'nginx' };
    expect(await actions.status(nginx, request, host)).toEqual({ status: 'stopped', enabled: false });
    expect(await actions.start(nginx, request, host)).toEqual({ status: 'running', enabled: false });
    expect(await actions.enable(nginx, request, host)).toEqual({ status: 'running', enabled: true });
    expect(await actions.restart(nginx, request, host)).toMatchObject({ status: 'running' });
    expect(await actions.disable(nginx, request, host)).toMatchObject({ enabled: false });
    expect(await actions.stop(nginx, request, host)).toMatchObject({ status: 'stopped' });
    expect(await calls()).toContain('--no-pager --no-ask-password start -- nginx\n');
  });

  test('that is not there, or does not start, is an error that says so', async () => {
    const { host } = await aSystemdNode();
    await expect(actions.start({ service: 'nosuch' }, request, host)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no service nosuch on this node',
    });
    await expect(actions.start({ service: 'broken' }, request, host)).rejects.toMatchObject({
      code: 'PROGRAM_FAILED',
      message: 'systemctl start broken ended with 1',
      details: ['Job for broken.service failed.'],
    });
  });

  test('is known to filters', async () => {
    const { host } = await aSystemdNode();
    await actions.start({ service: 'nginx' }, request, host);
    expect(await data.query('nginx', host, signal)).toEqual({
      ...{ status: 'running', running: true },
      ...{ enabled: false, present: true },
    });
    expect(await data.query('nosuch', host, signal)).toMatchObject({ running: false, present: false });
  });
});

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

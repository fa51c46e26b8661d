import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import agent from '../../../agent/agents/service.ts';
import data from '../../../agent/data/service.ts';
import type { AgentHost } from '../../../agent/host.ts';
import { startSystemd, type TestSystemd } from '../../kit/systemd.ts';
import { aNode, request } from '../host.ts';

const { actions } = agent;
const { signal } = request;
const unit = (exec: string, more = '') =>
  `[Service]\nExecStart=${exec}\n${more}[Install]\nWantedBy=multi-user.target\n`;
const UNITS = {
  'nginx.service': unit('/bin/sleep infinity'),
  'broken.service': unit('/bin/false', 'Type=oneshot\n'),
  'worker@.service': unit('/bin/sleep infinity'),
};
let systemd: TestSystemd;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-systemd-'));
  systemd = await startSystemd(dir, UNITS);
});
afterAll(async () => {
  await systemd.stop();
  await rm(dir, { recursive: true });
});

async function aSystemdNode(): Promise<AgentHost> {
  const settings = { 'service.systemd_dir': '/', 'service.systemctl': systemd.systemctl };
  return (await aNode({ settings })).host;
}

describe('A service under systemd', () => {
  test('is started, stopped, enabled and disabled, and each tells how it stands then', async () => {
    const host = await aSystemdNode();
    const nginx = { service: 'nginx' };
    const pid = () => systemd.inside(['systemctl', 'show', '--property=MainPID', '--value', 'nginx']);
    expect(await actions.status(nginx, request, host)).toEqual({ status: 'stopped', enabled: false });
    expect(await actions.start(nginx, request, host)).toEqual({ status: 'running', enabled: false });
    const first = await pid();
    expect(await actions.enable(nginx, request, host)).toEqual({ status: 'running', enabled: true });
    expect(await actions.restart(nginx, request, host)).toMatchObject({ status: 'running' });
    expect(await pid()).not.toBe(first);
    expect(await actions.disable(nginx, request, host)).toMatchObject({ enabled: false });
    expect(await actions.stop(nginx, request, host)).toMatchObject({ status: 'stopped' });
    expect(await pid()).toBe('0\n');
  });

  test('may be an instance of a template', async () => {
    const host = await aSystemdNode();
    expect(await actions.start({ service: 'worker@2' }, request, host)).toMatchObject({ status: 'running' });
    expect(await actions.stop({ service: 'worker@2' }, request, host)).toMatchObject({ status: 'stopped' });
  });

  test('that is not there, or does not start, is an error that says so', async () => {
    const host = await aSystemdNode();
    await expect(actions.start({ service: 'nosuch' }, request, host)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no service nosuch on this node',
    });
    await expect(actions.start({ service: 'broken' }, request, host)).rejects.toMatchObject({
      code: 'PROGRAM_FAILED',
      message: 'systemctl start broken ended with 1',
      details: expect.arrayContaining([expect.stringContaining('Job for broken.service failed')]),
    });
    expect(await actions.status({ service: 'broken' }, request, host)).toMatchObject({ status: 'failed' });
  });

  test('is known to filters', async () => {
    const host = await aSystemdNode();
    await actions.start({ service: 'nginx' }, request, host);
    expect(await data.query('nginx', host, signal)).toEqual({
      ...{ status: 'running', running: true },
      ...{ enabled: false, present: true },
    });
    await actions.stop({ service: 'nginx' }, request, host);
    expect(await data.query('nosuch', host, signal)).toMatchObject({ running: false, present: false });
  });
});

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJsonDdl } from '../../../src/core/ddl-json/read.ts';
import { eventually } from '../temp.ts';
import { contract, program } from './kit.ts';
import { type ExternalScene, fixture, startExternalScene } from './scene.ts';

let scene: ExternalScene;
const ddlOf = async (name: string) => readJsonDdl(await readFile(fixture(`${name}.json`), 'utf8'), name).ddl;

beforeAll(async () => {
  scene = await startExternalScene();
});
afterAll(async () => {
  await scene?.end();
});

/** Calls an action of an agent whose contract is among the fixtures. */
async function call(agent: string, action: string, data: Record<string, unknown> = {}) {
  return scene.ask(await ddlOf(agent), action, data);
}

describe('A daemon with external agents in Python and in shell', () => {
  test('serves both, tells so in its registration, and leaves out the one that does not want to be served', async () => {
    await eventually(async () => (await scene.registered()).includes('greet'), 60_000);
    expect(await scene.registered()).toEqual(expect.arrayContaining(['disk', 'greet', 'rpcutil']));
    expect(await scene.registered()).not.toContain('unwilling');
    expect(await call('greet', 'hello', { name: 'Ada' })).toMatchObject({
      status: 0,
      data: { said: 'good morning Ada', caller: 'cert=alice', mood: 'fine' },
    });
    expect(await call('disk', 'usage', { path: '/proc' })).toMatchObject({
      ...{ status: 0, data: { mount: '/proc', used: 0 } },
    });
    await eventually(() => scene.log().includes('"line":"looking at /proc"'));
  });

  test('gives a program exactly what the protocol says: files, variables, arguments, facts', async () => {
    expect(await call('greet', 'role')).toMatchObject({ status: 0, data: { said: 'web' } });
    const names = ['CONFIG', 'FACTS', 'PROTOCOL', 'REPLY', 'REQUEST'].map((one) => `CHORIA_EXTERNAL_${one}`);
    expect(await call('greet', 'given')).toMatchObject({
      data: { variables: [...names, 'PATH'], arguments: true, inside: true },
    });
  });

  test.each([1, 2, 3, 4, 5])('hands on the status %i that a program gives', async (status) => {
    const code = [
      '',
      'RPC_ABORTED',
      'RPC_UNKNOWN_ACTION',
      'RPC_INVALID_DATA',
      'RPC_INVALID_DATA',
      'RPC_FAILED',
    ];
    expect(await call('greet', 'fail', { status })).toMatchObject({
      ...{ status, code: code[status], message: expect.stringContaining('as you wish') },
    });
  });

  test('lives on whatever a program does: exits with 1, floods, hangs', async () => {
    expect(await call('greet', 'stop')).toMatchObject({
      ...{ status: 1, code: 'RPC_ABORTED', message: 'greet ended with exit code 1\nthe disk is on fire' },
    });
    expect(await call('greet', 'flood')).toMatchObject({ status: 0, data: { said: 'all of it' } });
    expect(scene.log().match(/of a flood/g)?.length).toBe(100);
    expect(await call('greet', 'hang')).toMatchObject({
      ...{ status: 1, message: 'greet did not end within 3.5 s, and was killed' },
    });
    const pids = (await readFile(join(scene.agentsDir, 'child'), 'utf8')).split(' ');
    expect(pids).toHaveLength(2);
    await eventually(async () => (await Promise.all(pids.map(isGone))).every(Boolean));
    expect(await call('disk', 'usage', { path: '/no/such' })).toMatchObject({
      ...{ status: 4, message: 'there is no /no/such' },
    });
  });

  test('is asked by muster rpc, which finds the contract in plugins.agents_dir', async () => {
    const good = await scene.muster('rpc', 'greet', 'hello', 'name=Ada', '-I', 'box1', '--json');
    expect({ ...good, out: JSON.parse(good.out) }).toMatchObject({
      ...{ code: 0, err: '', out: { replies: [{ sender: 'box1', statuscode: 0 }] } },
    });
    expect(good.out).toContain('good morning Ada');
    const bad = await scene.muster('rpc', 'greet', 'hello', 'name=Ada7', '-I', 'box1');
    expect(bad.code).not.toBe(0);
    expect(bad.err).toContain('expected text that matches ^[A-Za-z]+$');
  });

  test('lets nobody call an agent for which the site has no policy', async () => {
    await writeFile(join(scene.agentsDir, 'closed'), program(`reply '{}'`), { mode: 0o755 });
    await writeFile(join(scene.agentsDir, 'closed.json'), contract('closed'), { mode: 0o644 });
    await eventually(async () => (await scene.registered()).includes('closed'), 60_000);
    const { ddl } = readJsonDdl(contract('closed'), 'closed');
    expect(await scene.ask(ddl, 'say', {})).toMatchObject({ status: 1, code: 'RPC_DENIED' });
  });

  test('takes a new agent, its next version and its end without a restart', async () => {
    const { ddl } = readJsonDdl(contract('fresh'), 'fresh');
    const file = (name: string) => join(scene.agentsDir, name);
    expect(await scene.ask(ddl, 'say', {})).toMatchObject({ status: 2 });
    await writeFile(file('fresh'), program(`reply '{"data": {"said": "one"}}'`), { mode: 0o755 });
    await writeFile(file('fresh.json'), contract('fresh'), { mode: 0o644 });
    await eventually(async () => (await scene.registered()).includes('fresh'), 60_000);
    expect(await scene.ask(ddl, 'say', {})).toMatchObject({ status: 0, data: { said: 'one' } });

    await writeFile(file('fresh'), program(`reply '{"data": {"said": "two"}}'`));
    await writeFile(file('fresh.json'), contract('fresh', { metadata: { version: '2.0.0' } }));
    await eventually(async () => (await scene.ask(ddl, 'say', {})).data?.said === 'two', 60_000);

    await copyFile(fixture('greet.json'), file('fresh.json'));
    await eventually(() => scene.log().includes(`the name in it is 'greet', expected 'fresh'`), 60_000);
    await rm(file('fresh.json'));
    await eventually(async () => !(await scene.registered()).includes('fresh'), 60_000);
    expect(await scene.ask(ddl, 'say', {})).toMatchObject({ status: 2, code: 'RPC_UNKNOWN_ACTION' });
    expect(scene.isAlive()).toBe(true);
  });

  test('serves an agent as soon as what it waits for is there, and only as long: without a restart', async () => {
    const has = async (name: string) => (await scene.registered()).includes(name);
    const file = (name: string) => join(scene.agentsDir, '..', 'machine', name);
    // Nothing tells of these two: the daemon looks every 30 s.
    expect([await has('nrpe'), await has('puppet')]).toEqual([false, false]);
    await mkdir(file('nrpe.d'));
    await copyFile('/bin/true', file('puppet'));
    await eventually(() => has('nrpe'), 60_000);
    await eventually(() => has('puppet'));
    await rm(file('nrpe.d'), { recursive: true });
    await eventually(async () => !(await has('nrpe')), 60_000);
    expect(await has('puppet')).toBe(true);
  });

  test('follows plugin.d: settings, agents that are switched off and on, and what external agents read there', async () => {
    const has = async (name: string) => (await scene.registered()).includes(name);
    const file = (name: string) => join(scene.agentsDir, '..', 'plugin.d', name);
    expect([await has('shell'), await has('process'), await has('greet'), await has('moody')]).toEqual([
      ...[false, true, true, false],
    ]);
    await writeFile(file('shell.cfg'), 'enabled = true\n');
    await eventually(() => has('shell'), 60_000);
    await writeFile(file('process.cfg'), 'activate_agent = false\n');
    await writeFile(file('greet.yaml'), 'activate_agent: no\n');
    await eventually(async () => !(await has('process')) && !(await has('greet')), 60_000);
    expect(await call('greet', 'role')).toMatchObject({ status: 2 });
    await writeFile(file('moody'), 'yes\n');
    await eventually(() => has('moody'), 60_000);

    // What is wrong there changes nothing, and is told.
    await writeFile(file('shell.cfg'), 'enabld = true\n');
    await eventually(
      () => scene.log().includes("unknown setting 'shell.enabld' (did you mean 'enabled'?)"),
      60_000,
    );
    await writeFile(file('rpcutil.cfg'), 'activate_agent = false\n');
    await rm(file('shell.cfg'));
    await eventually(() => scene.log().includes('rpcutil is always served'), 60_000);
    expect([await has('shell'), await has('process'), await has('rpcutil')]).toEqual([true, false, true]);
    for (const name of ['rpcutil.cfg', 'process.cfg', 'greet.yaml', 'moody']) await rm(file(name));
    const back = async () => (await has('process')) && (await has('greet')) && !(await has('shell'));
    await eventually(async () => (await back()) && !(await has('moody')), 60_000);
  });
});

/** Has the process ended, or is it but waiting to be buried? */
async function isGone(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return /\) [ZX]/.test(stat);
}

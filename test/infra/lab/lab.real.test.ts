import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startContainer } from '../../../infra/lab/container.ts';
import { labDown, untilGone } from '../../../infra/lab/down.ts';
import { makeFolders } from '../../../infra/lab/lab-folders.ts';
import { labPaths, REPO_DIR } from '../../../infra/lab/layout.ts';
import { isLocked } from '../../../infra/lab/lock.ts';
import { labStatus } from '../../../infra/lab/status.ts';

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const NAMESPACES = ['--net', '--pid', '--mount', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'];

const START = { attached: true, masters: false };

let dir = '';
beforeAll(async () => {
  // Not in /tmp: boxes have an empty one there.
  const base = join(REPO_DIR, '.muster');
  await mkdir(base, { recursive: true });
  dir = await mkdtemp(join(base, 't-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a box', () => {
  let seen: Record<string, unknown> = {};
  beforeAll(async () => {
    const argv = [...NAMESPACES, '--propagation', 'private', process.execPath, here('box-scenario.ts')];
    seen = JSON.parse((await run('unshare', [...argv, join(dir, 'boxes')])).stdout) as Record<
      string,
      unknown
    >;
  });

  test('has its own name and hosts, and takes input', () => {
    expect(seen.identity).toBe('web1\nweb1.lab.test\n10.77.0.1       broker.lab.test\ntyped');
  });
  test('gives the exit code of a command, and 124 after its time', () => {
    expect([seen.exitCode, seen.timeout]).toEqual([7, 124]);
  });
  test("does not see the lab's state", () => expect(seen.hidden).toBe(''));
  test('has processes of its own only', () => expect(seen.processes).toBeLessThan(9));
  test('refuses commands while it is stopped', () => expect(seen.stopped).toBe('CONFLICT'));
  test('keeps its disk over a stop, and nothing else', () => expect(seen.afterStart).toBe('kept\nno run\n'));
  test('starts and stops its services at each boot', () => {
    expect(seen.serviceLog).toEqual(['start', 'stop', 'start', 'stop', 'start']);
  });
  test('tells when it rebooted or went down by itself', () =>
    expect(seen.exits).toEqual(['reboot', 'poweroff']));
  test('has a new disk when it is made anew under the same name', () => expect(seen.newDisk).toBe('empty\n'));
  test('that cannot be prepared says why', () => {
    expect(seen.brokenPrepare).toEqual(['LAB_FAILED', expect.stringContaining('oops')]);
  });
  test('leaves nothing behind', () => {
    expect(seen.left).toEqual({ processes: null, cards: null, disks: '', mounts: null });
  });
});

describe('a lab', () => {
  const start = async (name: string) => {
    const paths = labPaths(join(dir, name));
    await mkdir(paths.log, { recursive: true });
    return { paths, container: await startContainer(paths, START, () => makeFolders(paths)) };
  };

  test('that starts at the same moment as another takes other addresses', async () => {
    const labs = await Promise.all([start('a'), start('b')]);
    const addresses = labs.map(({ container }) => container.subnet.hostAddress);
    for (const { paths, container } of labs) {
      container.kill();
      await untilGone(paths, container.subnet.hostAddress);
    }
    expect(new Set(addresses).size).toBe(2);
  });

  test('keeps a second one out of its state directory', async () => {
    const { paths, container } = await start('c');
    const second = startContainer(paths, START, async () => {});
    await expect(second).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await labStatus({ stateDir: paths.root })).state).toBe('starting');
    container.kill();
    await untilGone(paths, container.subnet.hostAddress);
    expect(await labStatus({ stateDir: paths.root })).toEqual({ state: 'down' });
  });

  test.for(['attached', 'detached'])(
    'whose starter is killed in the middle dies with it (%s)',
    async (mode) => {
      const stateDir = join(dir, mode);
      const starter = spawn(process.execPath, [here('starter.ts'), stateDir, mode], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(starter.stdout, 'data');
      const pid = Number(await readFile(join(stateDir, 'pid'), 'utf8'));
      starter.kill('SIGKILL');
      await untilGone(labPaths(stateDir), undefined);
      expect(existsSync(`/proc/${pid}`) && !(await isZombie(pid))).toBe(false);
    },
  );

  test('can be ended while it starts', async () => {
    const stateDir = join(dir, 'down');
    const starter = spawn(process.execPath, [here('starter.ts'), stateDir, 'detached'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(starter, 'close');
    await once(starter.stdout, 'data');
    expect(await labDown({ stateDir })).toBe(true);
    expect((await ended)[0]).not.toBe(0);
    expect(await isLocked(join(stateDir, 'lock'))).toBe(false);
    expect(await labDown({ stateDir })).toBe(false);
  });
});

/** Ended, though its parent has not asked how. */
async function isZombie(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z ')).includes(') Z ');
}

import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aNode, GOOD_REPORT, never, pidOf, wish } from './runs-kit.ts';
import { eventually } from './temp.ts';

describe('A Puppet run', () => {
  test('is started and not waited for, tells its end once, and is judged by its own report', async () => {
    const node = await aNode();
    const runs = node.open();
    const first = await runs.start(
      wish('r1'),
      node.puppet(`sleep 0.3; echo applied; ${GOOD_REPORT}; exit 2`),
    );
    expect(first).toMatchObject({ run: 'r1', state: 'running', verdict: null, exitcode: null });
    await eventually(() => node.ended.length > 0);
    const last = await runs.start(wish('r1'), never);
    expect(last).toMatchObject({
      state: 'finished',
      verdict: 'good',
      reason: null,
      exitcode: 2,
      environment: 'production',
      output: 'applied\n',
    });
    expect(last.ended_at_ms).toBeGreaterThanOrEqual(last.started_at_ms);
    expect(node.ended).toEqual([['r1', 2]]);
  });

  test('goes on while the daemon is restarted, and the next daemon tells how it ended', async () => {
    const node = await aNode();
    const before = node.open();
    await before.start(wish('r1'), node.puppet(`sleep 0.6; ${GOOD_REPORT}; exit 0`));
    await eventually(() => pidOf(node, 'r1'));
    before.close();
    const after = node.open();
    await after.recover();
    expect(await after.start(wish('r1'), never)).toMatchObject({ state: 'running' });
    await eventually(() => node.ended.length > 0);
    expect(await after.start(wish('r1'), never)).toMatchObject({ state: 'finished', verdict: 'good' });
  });

  test('that ended while no daemon ran is told by the next one, and not again by the one after', async () => {
    const node = await aNode();
    const before = node.open();
    await before.start(wish('r1'), node.puppet(`${GOOD_REPORT}; exit 0`));
    before.close();
    await eventually(() => readFile(join(node.root, 'r1', 'exitcode'), 'utf8').catch(() => null));
    await node.open().recover();
    await eventually(() => readFile(join(node.root, 'r1', 'told')).catch(() => null));
    await node.open().recover();
    expect(node.ended).toEqual([['r1', 0]]);
  });

  test('whose end could not be told is told by the next daemon', async () => {
    const node = await aNode();
    node.failTelling = true;
    await node.open().start(wish('r1'), node.puppet('exit 1'));
    await eventually(() => readFile(join(node.root, 'r1', 'result.json')).catch(() => null));
    expect(node.ended).toEqual([]);
    node.failTelling = false;
    await node.open().recover();
    await eventually(() => node.ended.length > 0);
  });

  test('refuses another one while it is active, and lets it follow afterwards', async () => {
    const node = await aNode();
    const runs = node.open();
    await runs.start(wish('r1'), node.puppet('sleep 0.5; exit 1'));
    await expect(runs.start(wish('r2'), never)).rejects.toMatchObject({
      code: 'NODE_LOCKED',
      message: expect.stringContaining('r1'),
    });
    await eventually(() => node.ended.length > 0);
    expect(await runs.start(wish('r2'), node.puppet('exit 0'))).toMatchObject({
      run: 'r2',
      state: 'running',
    });
    await eventually(() => node.ended.length > 1);
  });

  test('is started once when it is asked for many times at the same moment', async () => {
    const node = await aNode();
    const runs = node.open();
    const command = node.puppet('echo once; sleep 0.2');
    await Promise.all(Array.from({ length: 10 }, () => runs.start(wish('r1'), command)));
    await eventually(() => node.ended.length > 0);
    expect(await readFile(join(node.root, 'r1', 'output'), 'utf8')).toBe('once\n');
  });

  test('is ended with all its children when it is over its time', async () => {
    const node = await aNode();
    const runs = node.open();
    await runs.start(wish('r1', 1), node.puppet('sleep 60 & echo $! >&2; sleep 60'));
    await eventually(() => node.ended.length > 0);
    const run = await runs.start(wish('r1', 1), never);
    expect(run).toMatchObject({
      verdict: 'bad',
      exitcode: 124,
      reason: expect.stringMatching(/^PUPPET_TIMEOUT/),
    });
    // Gone, or a zombie that nobody has reaped yet: that has no command line.
    expect(await readFile(`/proc/${run.output.trim()}/cmdline`, 'utf8').catch(() => '')).toBe('');
  });

  test('whose process was killed from outside ends without an exit code', async () => {
    const node = await aNode();
    const runs = node.open();
    await runs.start(wish('r1'), node.puppet('sleep 30'));
    const pid = await eventually(() => pidOf(node, 'r1'));
    const limiter = await eventually(async () =>
      Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')),
    );
    process.kill(pid, 'SIGKILL');
    process.kill(-limiter, 'SIGKILL');
    await eventually(async () => (await runs.start(wish('r1'), never)).state === 'finished');
    expect(await runs.start(wish('r1'), never)).toMatchObject({ verdict: 'bad', exitcode: null });
    expect(node.ended).toEqual([['r1', -1]]);
  });

  test('that was ordered but never begun, because the daemon died in between, is begun when it is asked for again', async () => {
    const node = await aNode();
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await mkdir(join(node.root, 'r1'), { recursive: true });
    const order = {
      run: 'r1',
      environment: 'production',
      timeout_s: 30,
      started_at_ms: Date.now(),
      boot_id: bootId,
    };
    await writeFile(join(node.root, 'r1', 'run.json'), JSON.stringify(order));
    const runs = node.open();
    await runs.recover();
    expect(await runs.start(wish('r1'), node.puppet(`${GOOD_REPORT}; exit 0`))).toMatchObject({
      state: 'running',
    });
    await eventually(() => node.ended.length > 0);
    expect(await runs.start(wish('r1'), never)).toMatchObject({ verdict: 'good' });
  });

  test('that could not begin does not hold up the next one', async () => {
    const node = await aNode();
    const runs = node.open();
    const command = node.puppet('exit 0');
    await runs.start(wish('a'), async () => {
      // As on a full disk, or when no process can be made: nobody claims the folder.
      await mkdir(join(node.root, 'a'), { recursive: true });
      await symlink('/no/such/place', join(node.root, 'a', 'pid'));
      return command();
    });
    await eventually(async () => (await runs.look('a')) === null);
    expect(await runs.start(wish('b'), command)).toMatchObject({ run: 'b', state: 'running' });
    await eventually(async () => (await runs.look('b'))?.state === 'finished');
    expect(node.ended).toEqual([['b', 0]]);
  });

  test('of a machine that was rebooted has ended', async () => {
    const node = await aNode();
    await mkdir(join(node.root, 'r1'), { recursive: true });
    const order = {
      run: 'r1',
      environment: 'production',
      timeout_s: 30,
      started_at_ms: Date.now(),
      boot_id: 'another',
    };
    await writeFile(join(node.root, 'r1', 'run.json'), JSON.stringify(order));
    await writeFile(join(node.root, 'r1', 'pid'), `${process.pid} 1\n`);
    await node.open().recover();
    expect(node.ended).toEqual([['r1', -1]]);
  });

  test('with a used name and another environment is refused', async () => {
    const node = await aNode();
    const runs = node.open();
    await runs.start(wish('r1'), node.puppet('exit 0'));
    await expect(runs.start({ ...wish('r1'), environment: 'bootstrap' }, never)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await eventually(() => node.ended.length > 0);
  });

  test('with an old report of another run is bad', async () => {
    const node = await aNode();
    const runs = node.open();
    await runs.start(wish('r0'), node.puppet(`${GOOD_REPORT}; touch -d '1 hour ago' "$2"; exit 0`));
    await eventually(() => node.ended.length > 0);
    expect(await runs.start(wish('r0'), never)).toMatchObject({
      verdict: 'bad',
      reason: expect.stringContaining('no report'),
      environment: null,
    });
  });

  test('keeps the last 8 KB of its output, from the beginning of a line', async () => {
    const node = await aNode();
    const runs = node.open();
    await runs.start(wish('r1'), node.puppet('seq 1 5000; exit 1'));
    await eventually(() => node.ended.length > 0);
    const { output } = await runs.start(wish('r1'), never);
    expect(output.length).toBeLessThanOrEqual(8192);
    expect(output).toMatch(/^\d{4}\n[\s\S]*\n5000\n$/);
  });

  test('is one of the newest twenty that are kept', async () => {
    const node = await aNode();
    for (let i = 0; i < 25; i += 1) {
      const dir = join(node.root, `old${i}`);
      await mkdir(dir, { recursive: true });
      await writeFile(
        join(dir, 'run.json'),
        JSON.stringify({
          run: `old${i}`,
          environment: 'production',
          timeout_s: 1,
          started_at_ms: i,
          boot_id: 'x',
        }),
      );
    }
    await node.open().start(wish('new'), node.puppet('exit 0'));
    const names = await readdir(node.root);
    expect(names).toHaveLength(20);
    expect(names).toContain('new');
    expect(names).not.toContain('old5');
    await eventually(() => node.ended.length > 0);
  });

  test('takes its arguments as they are: nothing of them is read by a shell', async () => {
    const node = await aNode();
    const runs = node.open();
    const command = async () => ({
      command: ['/bin/echo', '$(touch /tmp/x); `id`', '"; exit 9'],
      reportPath: '/nonexistent',
    });
    await runs.start(wish('r1'), command);
    await eventually(() => node.ended.length > 0);
    expect((await runs.start(wish('r1'), never)).output).toBe('$(touch /tmp/x); `id` "; exit 9\n');
  });
});

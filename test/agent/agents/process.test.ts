import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import agent from '../../../agent/agents/process.ts';
import { safeCommand } from '../../../agent/process/proc.ts';
import { aNode, request } from '../host.ts';
import { eventually } from '../temp.ts';

const { ddl } = agent;

async function aLister() {
  const { host } = await aNode();
  return (input: object) => agent.actions.list(ddl.actions.list.input.parse(input), request, host);
}

/** A shell that waits, with a mark in its arguments. */
async function aProcess(mark: string, script = 'read _'): Promise<number> {
  const child = spawn('/bin/sh', ['-c', script, mark], { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('the shell did not start');
  return child.pid;
}

describe('The processes of the node', () => {
  test('are told as ps tells them', async () => {
    const list = await aLister();
    const pid = await aProcess('muster-mark-1');
    const { pslist, count } = await eventually(async () => {
      const found = await list({ pattern: 'muster-mark-[0-9]' });
      return found.pslist[0]?.state === 'S' ? found : null;
    });
    expect([pslist.length, count]).toEqual([1, 1]);
    const ps = (format: string) =>
      execFileSync('ps', ['-o', format, '-p', String(pid)], { encoding: 'utf8' }).trim();
    expect(pslist[0]).toMatchObject({
      ...{ pid, ppid: process.pid, user: userInfo().username, state: 'S', name: 'sh' },
      command: '/bin/sh -c read _ muster-mark-1',
      rss: Number(ps('rss=')) * 1024,
      vsize: Number(ps('vsz=')) * 1024,
    });
    expect(pslist[0]?.age_s).toBeLessThan(60);
    expect(ddl.actions.list.output.safeParse({ pslist, count }).error).toBeUndefined();
  });

  test('are chosen by name, by user and by number, and no more are told than wanted', async () => {
    const list = await aLister();
    const { pslist, count } = await list({ limit: 1 });
    expect(pslist).toHaveLength(1);
    expect(count).toBeGreaterThan(1);
    const { username, uid } = userInfo();
    const [byName, byNumber] = [
      await list({ user: username, pattern: 'vitest' }),
      await list({ user: String(uid) }),
    ];
    expect(byName.pslist.some(({ pid }) => pid === process.pid)).toBe(true);
    expect(byNumber.count).toBeGreaterThanOrEqual(byName.count);
    expect(await list({ user: 'no-such-user' })).toEqual({ pslist: [], count: 0 });
  });

  test('may be zombies', async () => {
    const list = await aLister();
    // The shell replaces itself with a program that never asks what became of the child.
    const pid = await aProcess('muster-mark-2', 'true & exec sleep 60');
    const zombie = await eventually(async () =>
      (await list({ just_zombies: true })).pslist.find(({ ppid }) => ppid === pid),
    );
    expect(zombie).toMatchObject({ state: 'Z', rss: 0, command: expect.stringMatching(/^\[\w+\]$/) });
  });

  test('are not found by an expression that cannot be read', async () => {
    const list = await aLister();
    await expect(list({ pattern: '(' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('do not tell a secret of their arguments', async () => {
    const list = await aLister();
    await aProcess('--muster-mark-3 --password=hush');
    const { pslist } = await eventually(async () => {
      const found = await list({ pattern: 'muster-mark-3' });
      return found.count > 0 ? found : null;
    });
    expect(pslist[0]?.command).toBe('/bin/sh -c read _ --muster-mark-3 --password=[redacted]');
    expect((await list({ pattern: 'muster-mark-3.*hush' })).count).toBe(0);
  });
});

describe('A command line', () => {
  test.each([
    ['mysqld\0--user=mysql\0', 'mysqld --user=mysql'],
    ['curl\0--api-key\0abc123\0https://x', 'curl --api-key [redacted] https://x'],
    ['env\0DB_PASSWORD=a b\0x', 'env DB_PASSWORD=[redacted] b x'],
    ["sh\0-c\0run --token 'a b' now", 'sh -c run --token [redacted] now'],
    ['run\0--password\0--token\0hush', 'run --password [redacted] [redacted]'],
    ['run\0x:api-key=hush\0token:a:password=b', 'run x:api-key=[redacted] token:[redacted]'],
    ['psql\0postgres://me:hush@db/x', 'psql postgres://me:[redacted]@db/x'],
    ['a\0b\x1b[2J\nc', 'a b?[2J c'],
  ])('%j is told as %j', (raw, told) => {
    expect(safeCommand(raw)).toBe(told);
  });

  test('is cut, after what is secret has been hidden', () => {
    const command = safeCommand(`x\0${'y'.repeat(190)}\0--token\0hush`);
    expect(command).toHaveLength(200);
    expect(command).not.toContain('hush');
  });

  test('costs the daemon no more the nastier it is', () => {
    const beganMs = performance.now();
    for (let line = 0; line < 100; line += 1) safeCommand('-token'.repeat(700));
    // Every user of the machine can have hundreds of these: looked at name by name, one alone took a second.
    expect(performance.now() - beganMs).toBeLessThan(10_000);
  });
});

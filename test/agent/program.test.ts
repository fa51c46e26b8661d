import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exists } from '../../agent/files.ts';
import { runProgram } from '../../agent/program.ts';
import { eventually, tempDir } from './temp.ts';

const PROGRAM = JSON.stringify(join(import.meta.dirname, '../../agent/program.ts'));
/** Opens all files that it may, and runs a program then. */
const WITHOUT_FILES = `
const { openSync } = await import('node:fs');
const { runProgram } = await import(${PROGRAM});
try { for (;;) openSync('/dev/null'); } catch (full) { if (full.code !== 'EMFILE') throw full; }
const said = await runProgram('/bin/true', [], { timeoutMs: 5000 }).catch((cause) => cause.code);
process.stdout.write(String(said));
`;

describe('a program of the node', () => {
  it('gives output, error output and exit code', async () => {
    const end = await runProgram('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3'], { timeoutMs: 10_000 });
    expect(end).toEqual({ stdout: 'out\n', stderr: 'err\n', exitcode: 3, cut: false, truncated: false });
  });

  it('gets each argument as one argument, whatever is in it', async () => {
    const end = await runProgram('/bin/echo', ['$(id); a  b', '`x`'], { timeoutMs: 10_000 });
    expect(end.stdout).toBe('$(id); a  b `x`\n');
  });

  it('reads what it is given, and sees nothing of the environment of the daemon', async () => {
    const end = await runProgram('/bin/sh', ['-c', 'cat; env'], {
      timeoutMs: 10_000,
      input: 'hello\n',
      env: { A: 'b' },
    });
    expect(end.stdout.split('\n').filter((line) => !/^(PWD|_|SHLVL)=/.test(line))).toEqual([
      'hello',
      'A=b',
      '',
    ]);
  });

  it('is killed with all that it started when its time is over', async () => {
    // The output ends only when all that could write to it are gone.
    const end = await runProgram('/bin/sh', ['-c', 'sleep 600 & wait'], { timeoutMs: 200 });
    expect(end).toMatchObject({ exitcode: null, cut: true });
  });

  it('is not waited for when something that it started has left it and keeps its output open', async () => {
    const beganMs = performance.now();
    const end = await runProgram('/bin/sh', ['-c', 'setsid sleep 20 & sleep 60'], { timeoutMs: 500 });
    expect(end.cut).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(15_000);
  });

  it('has ended when it ends, whatever it leaves behind with its output; that goes on, and holds nothing of ours', async () => {
    const dir = await tempDir();
    const wait = 'while [ -d "$0" ] && [ ! -e "$0/go" ]; do sleep 0.1; done; touch "$0/later"';
    const script = `echo out; echo err >&2; setsid sh -c '${wait}' "$PWD" & exit 3`;
    const files = async () => (await readdir('/proc/self/fd')).length;
    await runProgram('/bin/true', [], { timeoutMs: 10_000 });
    const before = await files();
    const runs = Array.from({ length: 5 }, () =>
      runProgram('/bin/sh', ['-c', script], { timeoutMs: 30_000, cwd: dir, input: 'x'.repeat(100_000) }),
    );
    for (const end of await Promise.all(runs))
      expect(end).toMatchObject({ stdout: 'out\n', stderr: 'err\n', exitcode: 3, cut: false });
    await eventually(async () => (await files()) <= before);
    await writeFile(join(dir, 'go'), '');
    await eventually(() => exists(join(dir, 'later')));
  });

  it('that leaves somebody behind who never stops talking has ended all the same', async () => {
    const talk = 'setsid yes & echo $! >&2; exit 0';
    const end = await runProgram('/bin/sh', ['-c', talk], { timeoutMs: 30_000, maxBytes: 1000 });
    expect(end).toMatchObject({ exitcode: 0, cut: false });
    // Nobody reads it any more, so the kernel ends it.
    await eventually(async () => !(await exists(`/proc/${end.stderr.trim()}`)));
  });

  it('is killed when the caller gives up', async () => {
    const signal = AbortSignal.timeout(200);
    const end = await runProgram('/bin/sleep', ['60'], { timeoutMs: 60_000, signal });
    expect(end.cut).toBe(true);
  });

  it('is not even begun when the caller has given up before', async () => {
    const mark = join(await tempDir(), 'begun');
    const options = { timeoutMs: 60_000, signal: AbortSignal.abort(), maxBytes: 10 };
    for (let time = 0; time < 20; time += 1)
      expect(await runProgram('/usr/bin/touch', [mark], options)).toMatchObject({
        exitcode: null,
        cut: true,
      });
    await runProgram('/bin/true', [], { timeoutMs: 10_000 });
    await expect(access(mark)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that no file is left for is an error, and not the end of the daemon', async () => {
    const limited = [
      '-c',
      'ulimit -n 64; exec "$0" --input-type=module -e "$1"',
      process.execPath,
      WITHOUT_FILES,
    ];
    const end = await runProgram('/bin/sh', limited, { timeoutMs: 30_000 });
    expect(end).toMatchObject({ stdout: 'NODE_IO', exitcode: 0 });
  });

  it('keeps no more output than it may', async () => {
    const end = await runProgram('/bin/sh', ['-c', 'head -c 100000 /dev/zero'], {
      timeoutMs: 10_000,
      maxBytes: 10,
    });
    expect(end).toMatchObject({ stdout: '\0'.repeat(10), exitcode: 0, truncated: true });
    const whole = await runProgram('/bin/echo', ['123456789'], { timeoutMs: 10_000, maxBytes: 10 });
    expect(whole).toMatchObject({ stdout: '123456789\n', truncated: false });
  });

  it('that floods its output does not fill the memory with what is dropped', async () => {
    const flood = runProgram('/bin/sh', ['-c', 'head -c 1500000000 /dev/zero'], {
      timeoutMs: 60_000,
      maxBytes: 10,
    });
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 10);
    await flood;
    clearInterval(look);
    expect(most).toBeLessThan(500_000_000);
  });

  it('says so when there is no such program', async () => {
    await expect(runProgram('/no/such', [], { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

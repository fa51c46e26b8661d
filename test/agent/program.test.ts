import { describe, expect, it } from 'vitest';
import { runProgram } from '../../agent/program.ts';

describe('a program of the node', () => {
  it('gives output, error output and exit code', async () => {
    const end = await runProgram('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3'], { timeoutMs: 10_000 });
    expect(end).toEqual({ stdout: 'out\n', stderr: 'err\n', exitcode: 3, cut: false });
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

  it('is killed when the caller gives up', async () => {
    const stop = AbortSignal.abort();
    const end = await runProgram('/bin/sleep', ['60'], { timeoutMs: 60_000, signal: stop });
    expect(end.cut).toBe(true);
  });

  it('keeps no more output than it may', async () => {
    const end = await runProgram('/bin/sh', ['-c', 'head -c 100000 /dev/zero'], {
      timeoutMs: 10_000,
      maxBytes: 10,
    });
    expect(end).toMatchObject({ stdout: '\0'.repeat(10), exitcode: 0 });
  });

  it('says so when there is no such program', async () => {
    await expect(runProgram('/no/such', [], { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

const MINIMAL =
  'redis: {url: "redis://127.0.0.1:1"}\nbroker: {host: h, management_url: "http://127.0.0.1:1", management_password_file: f}\ntrust: {certificate: c, key: k}\n';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a person would, in an empty folder. */
async function muster(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const cwd = await mkdtemp(join(tmpdir(), 'muster-cli-'));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd, env: { PATH: process.env.PATH ?? '', ...env } },
      (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      },
    );
  });
}

async function config(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'muster-config-')), 'muster.yaml');
  await writeFile(path, text);
  return path;
}

describe('the command line', () => {
  it('prints help with every command and the exit codes, and ends with 0', async () => {
    const { code, stdout } = await muster(['--help']);
    expect(code).toBe(0);
    for (const word of ['controller', 'daemon', 'userdata', 'runs', 'run', 'lab', 'Exit codes:'])
      expect(stdout).toContain(word);
  });

  it('refuses an unknown command with 2', async () => {
    const { code, stderr } = await muster(['rusn']);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'rusn'");
    expect(stderr).toContain('runs');
  });

  it.each([
    ['rpc rpcutil ping --json --bogus', "unknown option '--bogus'", 'See `muster rpc --help`'],
    ['service --json', "missing required argument 'name'", 'See `muster service --help`'],
    [
      'rusn --json',
      "unknown command 'rusn'\n(Did you mean one of run, runs?)",
      'See `muster COMMAND --help`',
    ],
    [
      'rpc rpcutil --json',
      expect.stringContaining('rpcutil which action? it has ping'),
      'See `muster rpc --help`',
    ],
  ])('tells programs in one JSON document what is wrong with: muster %s', async (line, message, next) => {
    const { code, stdout } = await muster(line.split(' '));
    expect(code).not.toBe(0);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'USAGE', message, details: [], next } });
  });

  it.each([
    ['rpc rpcutil pign --jsonl', "rpcutil has no action 'pign'"],
    ['rpc rpcutil ping --jsonl --bogus', "unknown option '--bogus'"],
  ])('tells programs that read lines in one line what is wrong with: muster %s', async (line, message) => {
    const { stdout } = await muster(line.split(' '));
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ kind: 'error', error: { code: 'USAGE', message: expect.stringContaining(message) } },
    });
  });

  it('says where an option comes from that nobody typed', async () => {
    const { code, stderr } = await muster(['ping'], { MUSTER_EXTRA_OPTS: '--bogus' });
    expect(code).toBe(1);
    expect(stderr).toContain("unknown option '--bogus'\n(see --help)\n($MUSTER_EXTRA_OPTS is --bogus)\n");
    const { stdout } = await muster(['ping', '--batch', '0'], { MUSTER_EXTRA_OPTS: '-j' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('ends as ever when nobody reads its messages', async () => {
    const child = spawn(process.execPath, [MAIN, 'rusn'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.destroy();
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
  });

  it.each([
    ['puppet resource user bob ensure', "'ensure' is no property; expected name=value"],
    ['find --do command', "'command' is no option of --do; expected name=value"],
    ['inventory /web/', "inventory: '/web/' is no name of a node; expected "],
    ['puppet run_status a/b', "input 'run' is 'a/b'; expected a text that matches "],
    [
      'package status bash --batch 200%',
      "--batch is '200%'; expected a whole number from 1 to 999999999, or a part from 1% to 100%",
    ],
    ['rpc rpcutil ping --nr --batch 2', '--batch waits for answers: it cannot be given with --no-response'],
    ['find --nodes nowhere.txt', '--nodes nowhere.txt cannot be read'],
  ])('says what is wrong with: muster %s', async (line, problem) => {
    const path = await config(MINIMAL);
    const { code, stderr } = await muster(line.split(' '), { MUSTER_CONFIG: path });
    expect(code).toBe(1);
    expect(stderr).toContain(`muster: USAGE: ${problem}`);
  });

  it.each([
    [
      'policy explain op rpcutil#ping web1 -t soon',
      "--timeout is 'soon'; expected seconds from 0.1 to 999999",
    ],
    ['runs --limit few', "--limit is 'few'; expected a whole number from 1 to 999999999"],
    ['audit --limit 0', "--limit is '0'; expected a whole number from 1 to 999999999"],
    ['token issue web1 --group web --ttl 1.5', "--ttl is '1.5'; expected whole seconds from 1 to 2592000"],
  ])('says which number of muster %s is wrong', async (line, problem) => {
    const path = await config(MINIMAL);
    const { code, stderr } = await muster(line.split(' '), { MUSTER_CONFIG: path });
    expect(code).toBe(2);
    expect(stderr).toContain(`muster: USAGE: ${problem}`);
  });

  it('describes what no filter means', async () => {
    expect((await muster(['describe-filter'])).stdout).toBe('Every node is meant: no filter is given\n');
  });

  it('names the missing config file and how to give one, and ends with 2', async () => {
    const { code, stderr } = await muster(['controller', '--config', '/nowhere/muster.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'CONFIG_INVALID: cannot read the config /nowhere/muster.yaml: there is no such file',
    );
    expect(stderr).toContain('--config');
  });

  it('names every wrong setting with its line, the value and what was expected', async () => {
    const path = await config('redis:\n  ur: redis://x\nbroker:\n  host: 5\nruns:\n  attempts: 0\n');
    const { code, stderr } = await muster(['controller', '--config', path]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `${path}:2: unknown setting 'redis.ur' (did you mean 'url'?); known here: url, `,
    );
    expect(stderr).toContain(`${path}:4: 'broker.host' is 5; expected string`);
    expect(stderr).toContain(`${path}:6: 'runs.attempts' is 0;`);
    expect(stderr).toContain("'trust' is missing");
  });

  it('refuses YAML that is none', async () => {
    const { code, stderr } = await muster(['runs', '--config', await config('a: [1')]);
    expect(code).toBe(2);
    expect(stderr).toContain('is not YAML');
  });

  it('says in one line which Redis it cannot reach, and ends with 3', async () => {
    const path = await config(MINIMAL);
    const { code, stderr, stdout } = await muster(['runs', '--config', path, '--json']);
    expect(code).toBe(3);
    expect(stderr).toContain('REDIS_UNREACHABLE');
    expect(stderr).toContain('Redis at 127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'REDIS_UNREACHABLE' } });
  });
});

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { externalAgents } from '../../../agent/external/folder.ts';
import type { AnyAgent } from '../../../agent/host.ts';
import { silentLog } from '../../../src/core/log.ts';
import { aNode } from '../host.ts';
import { eventually, tempDir } from '../temp.ts';
import { contract, keptLog, lay, program, say } from './kit.ts';

/** The agents of a folder, once they are taken. */
async function served(files: Readonly<Record<string, string>>) {
  const { host } = await aNode();
  const dir = await tempDir();
  const agents = new Map<string, AnyAgent>();
  await lay(dir, files);
  const options = { dir, configDir: '/etc/x/plugin.d', root: join(dir, '.run'), agents, log: silentLog };
  const end = externalAgents({ ...options, settleMs: 0 }).follow(() => undefined);
  await eventually(() => agents.size > 0);
  end();
  return { agents, host, dir, left: () => readdir(options.root) };
}

const talker = (script: string, changes: Parameters<typeof contract>[1] = {}) =>
  served({ 'talker.json': contract('talker', changes), talker: program(script) });

describe('An external agent that is called', () => {
  test('gets the request by files and six variables, and nothing else', async () => {
    const { agents, host, dir, left } = await talker(`
seen="$(dirname "$0")/seen"; mkdir "$seen"
env >"$seen/env"; pwd >"$seen/cwd"; echo "$@" >"$seen/args"; stat -c %a . "$1" "$2" >"$seen/modes"
cat "$CHORIA_EXTERNAL_REQUEST" >"$seen/request"; cat "$CHORIA_EXTERNAL_FACTS" >"$seen/facts"; reply '{}'`);
    expect(await say(agents, 'talker', { text: 'hi there' }, { host })).toMatchObject({ status: 0 });
    const seen = async (file: string) => (await readFile(join(dir, 'seen', file), 'utf8')).trim();
    const protocol = 'io.choria.mcorpc.external.v1.rpc_request';
    expect(JSON.parse(await seen('request'))).toEqual({
      $schema: 'https://choria.io/schemas/mcorpc/external/v1/rpc_request.json',
      ...{ protocol, agent: 'talker', action: 'say', requestid: 'ab'.repeat(16), senderid: 'alice' },
      ...{ callerid: 'cert=alice', collective: 'production', ttl: 60, msgtime: 1_700_000_000 },
      data: { text: 'hi there' },
    });
    expect(JSON.parse(await seen('facts'))).toEqual({ role: 'web' });
    const cwd = await seen('cwd');
    // The shell puts in the other three by itself.
    const given = (await seen('env')).split('\n').filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line));
    expect(given.sort()).toEqual([
      'CHORIA_EXTERNAL_CONFIG=/etc/x/plugin.d/talker',
      `CHORIA_EXTERNAL_FACTS=${cwd}/facts.json`,
      `CHORIA_EXTERNAL_PROTOCOL=${protocol}`,
      `CHORIA_EXTERNAL_REPLY=${cwd}/reply.json`,
      `CHORIA_EXTERNAL_REQUEST=${cwd}/request.json`,
      expect.stringMatching(/^PATH=\/usr\/local\/sbin:/),
    ]);
    expect(await seen('args')).toBe(`${cwd}/request.json ${cwd}/reply.json ${protocol}`);
    expect(await seen('modes')).toBe('700\n600\n600');
    expect(await left()).toEqual([]);
  });

  test('is not run with input that its contract does not allow', async () => {
    const { agents, host, dir } = await talker('touch "$(dirname "$0")/ran"; reply "{}"');
    expect(await say(agents, 'talker', { text: 'NO' }, { host })).toMatchObject({
      status: 4,
      message: expect.stringContaining('text'),
    });
    expect(await say(agents, 'talker', { other: 1 }, { host })).toMatchObject({ status: 4 });
    expect(await readdir(dir)).not.toContain('ran');
  });

  test('need not say more than what is not so by default', async () => {
    const { agents, host } = await talker(`reply '{}'`);
    expect(await say(agents, 'talker', {}, { host })).toEqual({
      ...{ status: 0, message: 'OK', data: { said: 'nothing' } },
    });
  });

  test.each([
    [1, 'RPC_ABORTED'],
    [2, 'RPC_UNKNOWN_ACTION'],
    [3, 'RPC_INVALID_DATA'],
    [4, 'RPC_INVALID_DATA'],
    [5, 'RPC_FAILED'],
  ])('answers with status %i in its own words, and with its data', async (status, code) => {
    const reply = `{"statuscode": ${status}, "statusmsg": "not today", "data": {"why": [1]}}`;
    const { agents, host } = await talker(`reply '${reply}'`);
    expect(await say(agents, 'talker', {}, { host })).toEqual({
      ...{ status, code, message: 'not today', data: { why: [1], said: 'nothing' } },
    });
  });

  test.each([
    ['exit 3', /^talker ended with exit code 3$/],
    ['echo one >&2; echo two >&2; exit 1', /^talker ended with exit code 1\none\ntwo$/],
    ['echo to stdout; exit 1', /exit code 1\nto stdout$/],
    ['kill -9 $$', /^talker was ended by a signal$/],
    [':', /reply is empty$/],
    ['reply "{"', /reply is no JSON$/],
    ['rm "$2"', /reply cannot be read$/],
    ['rm "$2"; ln -s /etc/hostname "$2"', /reply cannot be read$/],
    ['head -c 600000 /dev/zero >"$2"', /has 600000 bytes, more than 524288$/],
    [`reply '{"statuscode": 9}'`, /none of the protocol: statuscode: /],
    [`reply '{"data": [1]}'`, /none of the protocol: data: /],
    [`reply '"OK"'`, /none of the protocol: it: /],
  ])('and does "%s" has aborted', async (script, message) => {
    const { agents, host, left } = await talker(script);
    const outcome = await say(agents, 'talker', {}, { host });
    expect(outcome).toMatchObject({ status: 1, code: 'RPC_ABORTED', data: {} });
    expect(outcome.message).toMatch(message);
    expect(await left()).toEqual([]);
  });

  test('and has no interpreter says what is missing', async () => {
    const files = { 'talker.json': contract('talker'), talker: '#!/no/such/interpreter\n' };
    const { agents, host } = await served(files);
    expect(await say(agents, 'talker', {}, { host })).toMatchObject({
      ...{ status: 1, code: 'NODE_IO', message: expect.stringContaining('interpreter') },
    });
  });

  test('may take a moment longer than its contract says, and is then killed with all that it started', async () => {
    const { agents, host, dir } = await talker(
      'sleep 600 & echo $! >"$(dirname "$0")/child"; echo waiting; wait',
      { metadata: { timeout: 1 } },
    );
    const beganMs = performance.now();
    expect(await say(agents, 'talker', {}, { host })).toMatchObject({
      ...{ status: 1, message: 'talker did not end within 2.5 s, and was killed\nwaiting' },
    });
    expect(performance.now() - beganMs).toBeGreaterThan(2400);
    await eventually(() => isGone(join(dir, 'child')));
  });

  test('and leaves a child with its output has answered when it ends, not when the child does', async () => {
    const { agents, host, dir } = await talker(
      `sleep 600 & echo $! >"$(dirname "$0")/child"; echo started; reply '{"data": {"said": "done"}}'`,
      { metadata: { timeout: 1 } },
    );
    const { log, lines } = keptLog();
    expect(await say(agents, 'talker', {}, { host, log })).toMatchObject({
      status: 0,
      data: { said: 'done' },
    });
    expect(lines).toEqual([['info', 'an external agent says', { line: 'started' }]]);
    // It may have been started to stay, as a service is.
    const pid = Number(await readFile(join(dir, 'child'), 'utf8'));
    expect(process.kill(pid, 'SIGKILL')).toBe(true);
  });

  test('and leaves a child that fills its folder has answered all the same', async () => {
    const fill =
      'i=0; while [ -d "$0" ] && [ ! -e "$1/stop" ]; do : >"$0/$i" || exit; i=$((i+1)); done 2>/dev/null';
    const { agents, host, dir } = await talker(
      `for n in 1 2 3; do setsid sh -c '${fill}' "$PWD" "$(dirname "$0")" & done; sleep 0.2; reply '{}'`,
    );
    const outcome = await say(agents, 'talker', {}, { host });
    await writeFile(join(dir, 'stop'), '');
    expect(outcome).toMatchObject({ status: 0 });
  });

  test('is not waited for when the daemon stops', async () => {
    const { agents, host, dir } = await talker('echo $$ >"$(dirname "$0")/child"; exec sleep 600');
    const stop = new AbortController();
    const outcome = say(agents, 'talker', {}, { host, signal: stop.signal });
    await eventually(async () => (await readdir(dir)).includes('child'));
    stop.abort();
    expect(await outcome).toMatchObject({ status: 5, message: 'the daemon stops' });
    await eventually(() => isGone(join(dir, 'child')));
  });
});

describe('What an external agent says', () => {
  test('goes into the log: output as information, errors as errors, a flood cut', async () => {
    const { agents, host } = await talker(`echo fine; echo oh no >&2; yes | head -n 500000; reply '{}'`);
    const { log, lines } = keptLog();
    expect(await say(agents, 'talker', {}, { host, log })).toMatchObject({ status: 0 });
    expect(lines[0]).toEqual(['info', 'an external agent says', { line: 'fine' }]);
    expect(lines).toContainEqual(['error', 'an external agent complains', { line: 'oh no' }]);
    expect(lines.filter(([level]) => level === 'info')).toHaveLength(100);
    expect(lines.filter(([level]) => level === 'warn')).toHaveLength(1);
  });

  test('holds no secret that it was given, neither in the log nor in a message', async () => {
    const pin = { prompt: 'Pin', description: 'Pin', type: 'string', validation: '.', maxlength: 50 };
    const { agents, host } = await talker('cat request.json; cat request.json >&2; exit 1', {
      input: { pin: { ...pin, optional: false, secret: true } },
    });
    const { log, lines } = keptLog();
    const { message } = await say(agents, 'talker', { pin: 'correct horse' }, { host, log });
    expect(message).toContain('"pin":"[redacted]"');
    expect(JSON.stringify(lines)).toContain('[redacted]');
    expect(`${message}${JSON.stringify(lines)}`).not.toContain('correct horse');
  });
});

/** Has the process of this pid file ended, or is it but waiting to be buried? */
async function isGone(pidFile: string): Promise<boolean> {
  const pid = (await readFile(pidFile, 'utf8')).trim();
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return / [ZX]( |$)/.test(stat.slice(stat.lastIndexOf(')') + 1, stat.lastIndexOf(')') + 4));
}

import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import agent from '../../../agent/agents/nrpe.ts';
import { aNode, request } from '../host.ts';

const PLUGINS = '/usr/lib/nagios/plugins';

/** Checks as they stand in a site's nrpe.d, with Debian's plug-ins. */
const CHECKS = `
command[load]=${PLUGINS}/check_load -w 1000,1000,1000 -c 2000,2000,2000
command[procs_many]=${PLUGINS}/check_procs -w :1 -c :1000000
command[disk]=${PLUGINS}/check_disk -w '1%' -c "0%" -p /
command[disk_full]=${PLUGINS}/check_disk -w 100% -c 100% -p /
command[procs]=${PLUGINS}/check_procs -c 1:
command[procs_none]=${PLUGINS}/check_procs -c 1: -C no-such-program
command[wrong]=${PLUGINS}/check_disk --no-such-option
command[age]=${PLUGINS}/check_file_age -w 10 -c 20 -f /etc/hostname | sed 's/FILE_AGE//'
command[missing]=${PLUGINS}/check_no_such_thing
`;

async function aCheckedNode() {
  const node = await aNode();
  const dir = join(node.dir, 'nrpe.d');
  await mkdir(dir, { mode: 0o755 });
  await writeFile(join(dir, 'checks.cfg'), CHECKS, { mode: 0o644 });
  node.host.config.settings['nrpe.conf_dir'] = dir;
  const run = (command: string) => agent.actions.runcommand({ command }, request, node.host);
  return { ...node, dir, run };
}

describe("Debian's monitoring plug-ins", () => {
  test.each([
    ['load', 'OK', /^LOAD OK - |^OK - load average: /, /load1=[\d.]+;1000/],
    ['procs_many', 'WARNING', /^PROCS WARNING: \d+ processes/, /procs=\d+/],
    ['disk', 'OK', /^DISK OK/, /^\/=\d+\w*B;/],
    ['disk_full', 'CRITICAL', /^DISK CRITICAL/, /^\/=\d+\w*B;/],
    ['procs', 'OK', /^PROCS OK: \d+ processes/, /procs=\d+/],
    ['procs_none', 'CRITICAL', /^PROCS CRITICAL: 0 processes/, /procs=0/],
    ['wrong', 'UNKNOWN', /unrecognized option|Unknown argument|Usage/i, /^/],
    ['missing', 'UNKNOWN', /not found/, /^$/],
  ])('%s is %s', async (command, state, output, perfdata) => {
    const { run } = await aCheckedNode();
    const result = await run(command);
    expect(result).toMatchObject({ command, state });
    expect(result.output).toMatch(output);
    expect(result.perfdata).toMatch(perfdata);
  });

  test('may be used with a pipe, as NRPE allows', async () => {
    const { run } = await aCheckedNode();
    expect((await run('age')).output).toMatch(/^ ?(OK|WARNING|CRITICAL): \/etc\/hostname is \d+ seconds old/);
  });

  test('all run for one request', async () => {
    const { host } = await aCheckedNode();
    const { commands, state } = await agent.actions.runallcommands({}, request, host);
    expect([commands.length, state]).toEqual([9, 'CRITICAL']);
  });

  test('run as another user where the config names one, and its files are then trusted', async () => {
    const { run, dir, host } = await aCheckedNode();
    host.config.settings['nrpe.user'] = 'nobody';
    const file = join(dir, 'own.cfg');
    await writeFile(file, 'command[who]=id -un; id -Gn\n');
    await chown(file, 65_534, 65_534);
    expect(await run('who')).toMatchObject({ output: 'nobody\nnogroup', exitcode: 0 });
    expect((await run('load')).state).toBe('OK');
  });
});

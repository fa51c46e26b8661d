import type { DaemonConfig } from '../../src/core/config/daemon.ts';
import { MusterError } from '../../src/core/errors.ts';
import { type CheckResult, NAGIOS_STATES, NrpeSettings } from '../agents/nrpe.ddl.ts';
import { settingsOf } from '../declared-settings.ts';
import { plainText } from '../plain-text.ts';
import { runProgram } from '../program.ts';
import { findUsers } from '../users.ts';
import { type NrpeCommand, readCommands } from './commands.ts';

/** How checks of this node run. */
export interface CheckRunner {
  readonly commands: ReadonlyMap<string, NrpeCommand>;
  /** Never throws for what the check does; throws CONFIG_INVALID for a command that wants arguments. */
  run(command: NrpeCommand, signal: AbortSignal, maxChars?: number): Promise<CheckResult>;
}

const UNKNOWN = 3;
const MAX_CHARS = 4096;
const ARGUMENT = /\$ARG\d+\$/;

/** Reads settings and command files. Throws CONFIG_INVALID, NODE_IO, SECURITY_REJECTED. */
export async function createCheckRunner(config: Pick<DaemonConfig, 'settings'>): Promise<CheckRunner> {
  const { conf_dir, conf_file, user, timeout_s } = settingsOf('nrpe', NrpeSettings, config);
  const own = process.getuid?.() ?? 0;
  const uid = user === '' ? own : await uidOf(user, own);
  const owners = [0, own, uid];
  return {
    commands: await readCommands({ confDir: conf_dir, confFile: conf_file, owners }),
    async run({ name, line, file }, signal, maxChars = MAX_CHARS) {
      if (ARGUMENT.test(line)) throw wantsArguments(name, file);
      // The text is from a file of the node that only root can write; a request names it and adds nothing.
      const shell = ['/bin/sh', '-c', line];
      const [program = '', ...args] = uid === own ? shell : ['runuser', '-u', user, '--', ...shell];
      const options = { timeoutMs: timeout_s * 1000, maxBytes: 65_536, signal };
      const { exitcode, cut, stdout, stderr } = await runProgram(program, args, options);
      const code = exitcode === null || exitcode > UNKNOWN ? UNKNOWN : exitcode;
      const said = splitOutput(stdout);
      const late = signal.aborted ? 'given up before it had a result' : `no result within ${timeout_s} s`;
      const output = cut ? `${late}. ${said.output}`.trim() : said.output || withoutOutput(exitcode, stderr);
      return {
        ...{ command: name, exitcode: code, state: NAGIOS_STATES[code] ?? 'UNKNOWN' },
        output: plainText(output, maxChars),
        perfdata: plainText(said.perfdata, maxChars),
      };
    },
  };
}

/**
 * Text and performance data of a plug-in: those of the first line at its first `|`, those of the lines after it at their
 * first. Pure. *Source:* Nagios plug-in API, plug-in output specification.
 */
export function splitOutput(stdout: string): { readonly output: string; readonly perfdata: string } {
  const [first = '', ...rest] = stdout.trimEnd().split('\n');
  const parts = [first, rest.join('\n')].map((text) => {
    const at = text.indexOf('|');
    return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  });
  const joined = (index: 0 | 1, by: string) =>
    parts
      .map((part) => (part[index] ?? '').trim())
      .filter((text) => text !== '')
      .join(by);
  return { output: joined(0, '\n'), perfdata: joined(1, ' ').replaceAll('\n', ' ') };
}

/** The state of several checks: CRITICAL when any is, else the highest. Pure. *Source:* check-mc-nrpe. */
export function worstState(exitcodes: readonly number[]): number {
  return exitcodes.includes(2) ? 2 : Math.max(0, ...exitcodes);
}

function wantsArguments(name: string, file: string): MusterError {
  return new MusterError(
    'CONFIG_INVALID',
    `${file}: command[${name}] takes arguments ($ARG1$), and none are ever taken from a request: write them into the file`,
  );
}

/** What is told of a check that said nothing. */
function withoutOutput(exitcode: number | null, stderr: string): string {
  if (exitcode === 0) return '';
  return stderr.trim().split('\n')[0] || `exit code ${exitcode}`;
}

async function uidOf(user: string, own: number): Promise<number> {
  const [found] = await findUsers([user]);
  if (found === undefined)
    throw new MusterError('CONFIG_INVALID', `nrpe.user is '${user}'; there is no such user on this node`);
  if (own !== 0 && found.uid !== own)
    throw new MusterError(
      'CONFIG_INVALID',
      `nrpe.user is '${user}'; only a daemon that runs as root can run checks as another user`,
    );
  return found.uid;
}

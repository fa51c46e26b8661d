import { Command, CommanderError } from 'commander';
import { MusterError } from '../core/errors.ts';
import { COMMAND_GROUPS } from './commands.ts';
import type { CliCommand } from './lib/command.ts';
import { asksNodes, commandOf, commandPath, helpAsOption, inOurNames } from './lib/habits.ts';
import { reportError, sayErrorJson } from './lib/output.ts';
import { commandIsOver, STOP_EXIT } from './lib/stop.ts';
import { VERSION } from './lib/version.ts';

const HELP = ['help [command]', 'print the help of a command'] as const;

/**
 * The command line; nothing happens until it parses. With the name of a command it has that one alone, which is there
 * sooner; with any other word, or none, it has all of them.
 */
export async function buildProgram(word?: string): Promise<Command> {
  const program = new Command('muster')
    .description('Provisions EC2 instances with Puppet, and serves the fleet afterwards')
    .version(VERSION, '-V, --version', 'print the version')
    // Behind a command `--version` is that command's, e.g. of the package to install.
    .enablePositionalOptions()
    .helpOption('-h, --help', 'print this help')
    .helpCommand(...HELP)
    .showHelpAfterError('(see --help)')
    .configureHelp({ sortOptions: true, showGlobalOptions: false })
    .addHelpText('after', EXIT_CODES);
  for (const { heading, command } of await commandsFor(word)) {
    program.commandsGroup(heading);
    command.register(program);
  }
  // Again, because the first one is for the commands to inherit and stands in no group.
  program.helpCommand(...HELP);
  overrideExit(program);
  return program;
}

/** Commands with their headings: the one of this name, or all. */
async function commandsFor(word = ''): Promise<{ heading: string; command: CliCommand }[]> {
  const all = Object.entries(COMMAND_GROUPS).flatMap(([heading, loaders]) =>
    Object.entries(loaders).map(([name, load]) => ({ heading, name, load })),
  );
  const loaded = (some: typeof all) =>
    Promise.all(some.map(async ({ heading, load }) => ({ heading, command: (await load()).default })));
  const [one] = await loaded(all.filter(({ name }) => name === word));
  return one === undefined || one.command.seesAll === true ? loaded(all) : [one];
}

const EXIT_CODES = `
Exit codes: 0 done; 1 it failed, or the thing is not there; 2 wrong command line or config;
3 Redis, the broker or EC2 is not reachable, or this machine cannot do it.
Commands that ask nodes end as mco did: 0 all answered well; 1 nobody was found, or nothing was sent;
2 some failed or were silent; 3 nodes were found and none answered, or the broker or Redis is not reachable;
4 none answered of those that were named. Ctrl-C ends a request with what has come by then, and 130 (SIGTERM: 143);
a second one ends it at once. $MUSTER_EXTRA_OPTS is put before their options.`;

function overrideExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) overrideExit(inner);
}

/** Runs one command line and gives its exit code. */
async function main(typed: readonly string[]): Promise<number> {
  const program = await buildProgram(typed[0]);
  const argv = helpAsOption(program, typed);
  const command = commandOf(program, argv);
  const extra = process.env.MUSTER_EXTRA_OPTS ?? '';
  let words = argv;
  // "Nothing was sent" is 1 with mco; 2 would say that nodes failed.
  const exitOf = (code: number) => (code === 2 && asksNodes(command) ? 1 : code);
  try {
    words = inOurNames(command, argv, extra);
    await program.parseAsync(words, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (thrown) {
    const json = jsonOf(words);
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0;
      if (extra !== '' && asksNodes(command)) process.stderr.write(`($MUSTER_EXTRA_OPTS is ${extra})\n`);
      if (json !== false) sayUsageJson(thrown, commandPath(command), json === 'line');
      return exitOf(2);
    }
    return exitOf(reportError(thrown, { json, command: commandPath(command) }));
  }
}

/** The same for programs: commander has told people already. */
function sayUsageJson({ message }: CommanderError, command: string | null, line: boolean): void {
  sayErrorJson(new MusterError('USAGE', message.replace(/^error: /, '')), command, line);
}

/** Is an error to be printed as a document, or as a line of JSON? */
function jsonOf(argv: readonly string[]): boolean | 'line' {
  if (argv.includes('--jsonl')) return 'line';
  return argv.includes('--json') || argv.includes('-j');
}

/** The command line of this process: runs it and sets the exit code. */
export async function muster(): Promise<void> {
  // A reader that closes the pipe early (`| head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  // Nor is one that reads no messages.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(1);
  });
  process.exitCode = await main(process.argv.slice(2));
  // Whoever says stop does not wait for what still tries to connect.
  if (Object.values(STOP_EXIT).includes(process.exitCode)) process.exit();
  commandIsOver();
}

if (import.meta.main) await muster();

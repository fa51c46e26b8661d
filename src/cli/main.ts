import { Command, CommanderError } from 'commander';
import audit from './audit.ts';
import broker from './broker.ts';
import bundle from './bundle.ts';
import ca from './ca.ts';
import completion from './completion.ts';
import controller from './controller.ts';
import daemon from './daemon.ts';
import data from './data.ts';
import demo from './demo.ts';
import describeFilter from './describe-filter.ts';
import docs from './docs.ts';
import facts from './facts.ts';
import find from './find.ts';
import init from './init.ts';
import inventory from './inventory.ts';
import lab from './lab.ts';
import type { CliCommand } from './lib/command.ts';
import { asksNodes, commandOf, commandPath, helpAsOption, inOurNames } from './lib/habits.ts';
import { reportError } from './lib/output.ts';
import { VERSION } from './lib/version.ts';
import masters from './masters.ts';
import nrpe from './nrpe.ts';
import packages from './package.ts';
import ping from './ping.ts';
import plugin from './plugin.ts';
import policy from './policy.ts';
import puppet from './puppet.ts';
import quarantine from './quarantine.ts';
import ral from './ral.ts';
import refusals from './refusals.ts';
import rpc from './rpc.ts';
import run from './run.ts';
import runs from './runs.ts';
import service from './service.ts';
import token from './token.ts';
import userdata from './userdata.ts';

const HELP = ['help [command]', 'print the help of a command'] as const;

const GROUPS: Readonly<Record<string, readonly CliCommand[]>> = {
  'The fleet:': [
    ...[ping, find, facts, inventory, rpc, puppet, packages, service, nrpe, ral, data],
    ...[plugin, describeFilter],
  ],
  'New instances:': [runs, run, masters, token, quarantine, refusals],
  'Who may, and who did:': [policy, audit, ca, broker],
  'Set up:': [init, controller, daemon, userdata, bundle],
  'Try it, look it up:': [demo, lab, docs, completion],
};

/** Every command, in the order of `muster help`. */
export const COMMANDS: readonly CliCommand[] = Object.values(GROUPS).flat();

/** The whole command line; nothing happens until it parses. */
export function buildProgram(): Command {
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
  for (const [heading, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const command of commands) command.register(program);
  }
  // Again, because the first one is for the commands to inherit and stands in no group.
  program.helpCommand(...HELP);
  overrideExit(program);
  return program;
}

const EXIT_CODES = `
Exit codes: 0 done; 1 it failed, or the thing is not there; 2 wrong command line or config;
3 Redis, the broker or EC2 is not reachable, or this machine cannot do it.
Commands that ask nodes end as mco did: 0 all answered well; 1 nobody was found, or nothing was sent;
2 some failed or were silent; 3 nodes were found and none answered, or the broker or Redis is not reachable;
4 none answered of those that were named. $MUSTER_EXTRA_OPTS is put before their options.`;

function overrideExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) overrideExit(inner);
}

/** Runs one command line and gives its exit code. */
async function main(typed: readonly string[]): Promise<number> {
  const program = buildProgram();
  const argv = helpAsOption(program, typed);
  const command = commandOf(program, argv);
  // "Nothing was sent" is 1 with mco; 2 would say that nodes failed.
  const exitOf = (code: number) => (code === 2 && asksNodes(command) ? 1 : code);
  try {
    const words = inOurNames(command, argv, process.env.MUSTER_EXTRA_OPTS ?? '');
    await program.parseAsync(words, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return exitOf(thrown.exitCode === 0 ? 0 : 2);
    const json = argv.includes('--json') || argv.includes('-j');
    return exitOf(reportError(thrown, { json, command: commandPath(command) }));
  }
}

if (import.meta.main || process.argv[1]?.endsWith('muster.mjs') || process.argv[1]?.endsWith('/muster')) {
  // A reader that closes the pipe early (`| head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await main(process.argv.slice(2));
}

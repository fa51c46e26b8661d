import { Command, CommanderError } from 'commander';
import audit from './audit.ts';
import broker from './broker.ts';
import bundle from './bundle.ts';
import ca from './ca.ts';
import controller from './controller.ts';
import daemon from './daemon.ts';
import demo from './demo.ts';
import docs from './docs.ts';
import facts from './facts.ts';
import find from './find.ts';
import init from './init.ts';
import inventory from './inventory.ts';
import lab from './lab.ts';
import type { CliCommand } from './lib/command.ts';
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

/** Every command, in the order of `muster help`. */
export const COMMANDS: readonly CliCommand[] = [
  init,
  controller,
  daemon,
  userdata,
  bundle,
  runs,
  run,
  masters,
  ping,
  find,
  facts,
  inventory,
  token,
  quarantine,
  refusals,
  rpc,
  plugin,
  nrpe,
  puppet,
  packages,
  service,
  ral,
  policy,
  audit,
  ca,
  broker,
  lab,
  demo,
  docs,
];

/** The whole command line; nothing happens until it parses. */
export function buildProgram(): Command {
  const program = new Command('muster')
    .description('Provisions EC2 instances with Puppet, and serves the fleet afterwards')
    .version(VERSION, '-V, --version', 'print the version')
    // Behind a command `--version` is that command's, e.g. of the package to install.
    .enablePositionalOptions()
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(see --help)')
    .configureHelp({ sortOptions: true, showGlobalOptions: false })
    .addHelpText('after', EXIT_CODES);
  for (const command of COMMANDS) command.register(program);
  overrideExit(program);
  return program;
}

const EXIT_CODES = `
Exit codes: 0 done; 1 it failed, or the thing is not there; 2 wrong command line or config;
3 Redis, the broker or EC2 is not reachable, or this machine cannot do it.
Of commands that ask nodes (ping, find, facts, rpc): 0 all answered well; 1 nobody was found; 2 some failed or were silent;
3 nobody answered, or the connection was lost before all had.`;

function overrideExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) overrideExit(inner);
}

/** Runs one command line and gives its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return reportError(thrown, { json: argv.includes('--json') });
  }
}

if (import.meta.main || process.argv[1]?.endsWith('muster.mjs') || process.argv[1]?.endsWith('/muster')) {
  // A reader that closes the pipe early (`| head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await main(process.argv.slice(2));
}

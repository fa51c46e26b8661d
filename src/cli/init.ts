import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import type { InitReport } from './lib/init/run.ts';
import { paint, say, sayJson } from './lib/output.ts';

interface InitOptions {
  readonly dir: string;
  readonly systemdDir: string;
  readonly brokerHost: string;
  readonly operator?: string;
  readonly group: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `muster init`: everything that a controller host needs, in one command. */
export default {
  name: 'init',
  register(program: Command): void {
    program
      .command('init')
      .description(
        'make a controller host: CA, certificates, config, broker layout, systemd unit; safe to repeat',
      )
      .option('--dir <folder>', 'folder of config and certificates', '/etc/muster')
      .option('--systemd-dir <folder>', 'folder of systemd units', '/etc/systemd/system')
      .option('--broker-host <host>', 'host of the broker, as nodes see it', hostname())
      .option('--operator <name>', 'name of the first operator (default: you)')
      .option('--group <name>', 'first group of nodes that may join', 'default')
      .option('--dry-run', 'say what would be made; touch nothing')
      .option('--json', 'print one JSON document')
      .action(init);
  },
} satisfies CliCommand;

async function init(options: InitOptions): Promise<void> {
  const { initHost } = await import('./lib/init/run.ts');
  const wish = {
    dir: resolve(options.dir),
    systemdDir: resolve(options.systemdDir),
    brokerHost: options.brokerHost,
    operator: await named('--operator', options.operator ?? userInfo().username),
    group: await named('--group', options.group),
    program: { node: process.execPath, muster: fileURLToPath(new URL('./muster.mjs', import.meta.url)) },
  };
  if (['controller', 'broker', 'ca'].includes(wish.operator))
    throw new MusterError('USAGE', `--operator is '${wish.operator}', which is the name of something else`);
  const report = await initHost(wish, { dryRun: options.dryRun === true });
  if (options.json) sayJson(report);
  else print(report);
  if (report.items.some(({ state }) => state === 'open')) process.exitCode = 1;
}

async function named(option: string, name: string): Promise<string> {
  const { word } = await import('../core/names.ts');
  if (word.safeParse(name).success) return name;
  throw new MusterError('USAGE', `${option} is '${name}'; expected lower case letters, digits, _ and -`);
}

function print({ items, broker, next, dryRun }: InitReport): void {
  for (const { path, what, state, mode } of items) {
    const shown = state === 'open' ? `${paint('red', 'open')} (mode ${mode}: run chmod 0600 ${path})` : state;
    say(`${path}  ${paint('dim', what)}  ${shown}`);
  }
  say(broker === null ? 'the broker is laid out' : `the broker is not laid out: ${broker}`);
  say('');
  say(dryRun ? 'nothing was touched; afterwards you would do:' : 'next:');
  for (const [index, step] of next.entries()) say(`  ${index + 1}. ${step}`);
}

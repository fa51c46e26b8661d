import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';

interface UserdataOptions extends ConfigOptions {
  readonly group: string;
  readonly fact?: string[];
  readonly out?: string;
  readonly json?: true;
}

/** `muster userdata`: what a launch template gives to cloud-init. Public data only. */
export default {
  name: 'userdata',
  register(program: Command): void {
    const command = program
      .command('userdata')
      .description('print the cloud-init user data of a group of nodes (nothing in it is secret)')
      .requiredOption('--group <name>', 'group of the config that the nodes join')
      .option('--fact <name=value...>', 'facts of your own for these nodes')
      .option('--out <file>', 'write it there instead')
      .option('--json', 'print one JSON document: the text, its size, as base64 for a launch template');
    withConfigOptions(command).action(print);
  },
} satisfies CliCommand;

async function print(options: UserdataOptions): Promise<void> {
  const { userDataFor } = await import('./lib/userdata.ts');
  const text = await userDataFor(await readSettings(options), options.group, options.fact ?? []);
  if (options.out !== undefined) await writeFile(options.out, text);
  if (options.json)
    sayJson({
      group: options.group,
      bytes: Buffer.byteLength(text),
      user_data: text,
      base64: Buffer.from(text).toString('base64'),
    });
  else if (options.out === undefined) process.stdout.write(text);
  else say(`wrote ${options.out} (${Buffer.byteLength(text)} of 16384 bytes)`);
}

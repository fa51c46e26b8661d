import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson, table } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { withStore } from './lib/store.ts';

/** `muster refusals`: how many hellos were refused, by reason. */
export default {
  name: 'refusals',
  register(program: Command): void {
    const command = program
      .command('refusals')
      .description('count of refused hellos by reason code, most frequent first')
      .option('--json', 'print one JSON document');
    withConfigOptions(command).action(show);
  },
} satisfies CliCommand;

async function show(options: ConfigOptions & { readonly json?: true }): Promise<void> {
  const config = await readSettings(options);
  const { createClaims } = await import('../controller/claims.ts');
  const refusals = await withStore(config, (door) => createClaims(door).refusals());
  const rows = Object.entries(refusals).sort(([, a], [, b]) => b - a);
  if (options.json) sayJson({ refusals });
  else if (rows.length === 0) say('no hello was refused');
  else
    say(
      table(
        ['REASON', 'HELLOS'],
        rows.map(([reason, count]) => [reason, String(count)]),
      ),
    );
}

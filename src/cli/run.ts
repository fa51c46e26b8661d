import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { withStore } from './lib/store.ts';
import { timeline } from './lib/timeline.ts';

type Options = ConfigOptions & { readonly json?: true };

/** `muster run`: one run, its timeline and what an operator does to it. */
export default {
  name: 'run',
  register(program: Command): void {
    const run = program.command('run').description('one run: show it, retry it');
    const id = 'run id, instance id or node name (the beginning is enough)';
    withConfigOptions(
      run
        .command('show')
        .description('timeline of a run: every step, when, how long, why')
        .argument('<id>', id),
    )
      .option('--json', 'print one JSON document')
      .action(show);
    withConfigOptions(
      run
        .command('retry')
        .description('walk a failed run on, from the step that failed')
        .argument('<id>', id),
    )
      .option('--from <step>', 'from this step of the plan instead')
      .option('--json', 'print one JSON document')
      .action(retry);
  },
} satisfies CliCommand;

async function show(id: string, options: Options): Promise<void> {
  const { openRecords } = await import('./lib/records.ts');
  const records = await openRecords(await readSettings(options));
  try {
    const run = await records.findRun(id);
    if (options.json) sayJson({ run });
    else say(timeline(run, Date.now()));
  } finally {
    await records.close();
  }
}

async function retry(id: string, options: Options & { readonly from?: string }): Promise<void> {
  const { operationsOf } = await import('./lib/operation.ts');
  const { openRecords } = await import('./lib/records.ts');
  const config = await readSettings(options);
  const records = await openRecords(config);
  try {
    const found = await records.findRun(id);
    const from = options.from === undefined ? {} : { from: options.from };
    const operation = {
      agent: 'run',
      action: 'retry',
      subject: found.identity,
      data: { run: found.id, ...from },
    };
    const run = await withStore(config, async (door) =>
      (await operationsOf(config, door)).carry(operation, () => records.retryRun(found.id, from)),
    );
    if (options.json) sayJson({ run });
    else say(`run ${run.id} goes on from ${run.step ?? 'its first step'}; see: muster run show ${run.id}`);
  } finally {
    await records.close();
  }
}

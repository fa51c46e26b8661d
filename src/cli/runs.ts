import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { RunRecord } from '../core/record.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { stopSignal } from './lib/stop.ts';
import { runsTable } from './lib/timeline.ts';

interface RunsOptions extends ConfigOptions {
  readonly state?: RunRecord['state'];
  readonly limit: string;
  readonly watch?: true;
  readonly json?: true;
}

/** `muster runs`: who is being provisioned, at which step, since when. */
export default {
  name: 'runs',
  register(program: Command): void {
    const command = program
      .command('runs')
      .description('list runs: node, region, master, state, step, time')
      .addOption(
        new Option('--state <state>', 'only these').choices([
          'waiting',
          'active',
          'delayed',
          'provisioned',
          'failed',
        ]),
      )
      .option('--limit <n>', 'newest n', '100')
      .option('-w, --watch', 'draw again every second until Ctrl-C')
      .option('--json', 'print one JSON document (with --watch: one a line)');
    withConfigOptions(command).action(list);
  },
} satisfies CliCommand;

async function list(options: RunsOptions): Promise<void> {
  const { count } = await import('./lib/numbers.ts');
  const { openRecords } = await import('./lib/records.ts');
  const filter = {
    limit: count('--limit', options.limit),
    ...(options.state === undefined ? {} : { state: options.state }),
  };
  const records = await openRecords(await readSettings(options));
  try {
    if (options.watch) await watch(() => records.listRuns(filter), options);
    else show(await records.listRuns(filter), options);
  } finally {
    await records.close();
  }
}

function show(runs: readonly RunRecord[], options: RunsOptions): void {
  if (options.json) sayJson({ runs });
  else if (runs.length === 0) say('no runs yet: no instance has said hello');
  else say(runsTable(runs, Date.now()));
}

async function watch(read: () => Promise<readonly RunRecord[]>, options: RunsOptions): Promise<void> {
  const signal = stopSignal();
  while (!signal.aborted) {
    const runs = await read();
    if (options.json) say(JSON.stringify({ at_ms: Date.now(), runs }));
    else {
      if (process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J');
      say(`${new Date().toISOString()}  every second, Ctrl-C ends`);
      show(runs, options);
    }
    await sleep(1000, undefined, { signal }).catch(() => undefined);
  }
}

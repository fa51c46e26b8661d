import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { RunRecord } from '../core/record.ts';
import type { CliCommand } from './lib/command.ts';
import { LAB_DIR } from './lib/settings.ts';
import { stopSignal } from './lib/stop.ts';

/** What the demo launches. */
const WISHES = [
  { region: 'eu-west-1', count: 2 },
  { region: 'us-east-1', count: 1 },
] as const;

interface DemoOptions {
  readonly once?: true;
  readonly json?: true;
  readonly stateDir: string;
}

/** `npm run demo`: the main job, on real parts, before one's eyes. */
export default {
  name: 'demo',
  register(program: Command): void {
    program
      .command('demo')
      .description('show the main job on this machine: a lab, a controller, three instances in two regions')
      .option('--once', 'end when they are provisioned; exit code 0 only if all are')
      .option('--json', 'print one JSON document at the end, and nothing else')
      .option('--state-dir <folder>', 'state of the lab', LAB_DIR)
      .action(demo);
  },
} satisfies CliCommand;

async function demo(options: DemoOptions): Promise<void> {
  const signal = stopSignal();
  const { demoScreen } = await import('./lib/demo/screen.ts');
  const { labUp } = await import('../../infra/lab/up.ts');
  const screen = demoScreen({ quiet: options.json === true });
  screen.title('The lab: Puppet Servers in two regions, broker, Redis, mail, XMPP, a local EC2');
  const lab = await labUp({ stateDir: options.stateDir, attached: true, onProgress: screen.labProgress });
  try {
    const result = await show(options, lab.info.stateDir, screen, signal);
    const failed = result.filter((run) => run.state !== 'provisioned').length;
    if (options.once !== true && !signal.aborted) {
      screen.stay();
      await aborted(signal);
    }
    const count = WISHES.reduce((sum, wish) => sum + wish.count, 0);
    if (result.length < count || failed > 0) process.exitCode = 1;
  } finally {
    screen.note('ending the lab');
    await lab.stop();
    screen.note('nothing is left of it');
  }
}

async function show(
  options: DemoOptions,
  stateDir: string,
  screen: ReturnType<typeof import('./lib/demo/screen.ts').demoScreen>,
  signal: AbortSignal,
): Promise<readonly RunRecord[]> {
  const [
    { buildBundle },
    { readSettings },
    { loadAllPlugins },
    { startController },
    { openRecords },
    launching,
    proving,
  ] = await Promise.all([
    import('../../agent/bundle.ts'),
    import('./lib/settings.ts'),
    import('./lib/plugins.ts'),
    import('../controller/controller.ts'),
    import('./lib/records.ts'),
    import('./lib/demo/launch.ts'),
    import('./lib/demo/prove.ts'),
  ]);
  const config = await readSettings({ config: join(stateDir, 'muster.yaml') });
  screen.title('The controller');
  await buildBundle(config.userdata.bundle_dir);
  const logFile = join(stateDir, 'log', 'controller.log');
  const { createLog } = await import('../core/create-log.ts');
  const log = createLog({ level: 'debug', name: 'muster-controller', stream: createWriteStream(logFile) });
  const stopController = new AbortController();
  const controller = await startController({
    config,
    log,
    signal: stopController.signal,
    plugins: await loadAllPlugins(config),
  });
  screen.note(`running; log in ${logFile}`);
  const records = await openRecords(config);
  try {
    screen.title('Three new instances in two regions boot with user data that holds no secret');
    const ids = await launching.launchAll(config, WISHES, screen);
    const runs = await launching.followRuns(records, ids, screen, signal);
    if (signal.aborted)
      throw new MusterError('INTERNAL', 'interrupted before the instances were provisioned');
    const proof = await proving.prove(config, stateDir, runs);
    screen.results(runs, proof);
    if (options.json) screen.json(runs, proof);
    return runs;
  } finally {
    await records.close();
    if (options.once === true || signal.aborted) stopController.abort();
    else signal.addEventListener('abort', () => stopController.abort());
    if (stopController.signal.aborted) await controller.closed;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

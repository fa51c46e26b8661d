import { setTimeout as sleep } from 'node:timers/promises';
import type { ControllerConfig } from '../../../core/config/controller.ts';
import type { RunRecord } from '../../../core/record.ts';
import { launchInLab } from '../launch.ts';
import type { RecordsDoor } from '../records.ts';
import type { DemoScreen } from './screen.ts';

/** Longest wait for all instances, in seconds: Puppet on a busy machine is slow. */
const PATIENCE_S = 600;
const LOOK_MS = 400;

/** Launches all wishes through the AWS SDK; gives the instance ids. */
export async function launchAll(
  config: ControllerConfig,
  wishes: readonly { region: string; count: number }[],
  screen: DemoScreen,
): Promise<string[]> {
  const launched = await Promise.all(
    wishes.map(({ region, count }) =>
      launchInLab(config, { region, count, group: 'web', facts: ['role=web'] }),
    ),
  );
  const instances = launched.flat();
  for (const instance of instances)
    screen.note(`${instance.id}  ${instance.region}  ${instance.privateIp ?? ''}`);
  return instances.map((instance) => instance.id);
}

/** Shows the runs of these instances until all are over; gives them as they ended. */
export async function followRuns(
  records: RecordsDoor,
  ids: readonly string[],
  screen: DemoScreen,
  signal: AbortSignal,
): Promise<RunRecord[]> {
  const untilMs = performance.now() + PATIENCE_S * 1000;
  for (;;) {
    const runs = (await records.listRuns({ limit: 100 })).filter((run) => ids.includes(run.instanceId));
    const over = runs.filter((run) => run.endedAtMs !== null);
    screen.progress(runs, ids);
    if (over.length === ids.length || signal.aborted || performance.now() > untilMs) return runs;
    await sleep(LOOK_MS);
  }
}

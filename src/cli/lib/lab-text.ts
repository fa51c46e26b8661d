import type { ProgressEvent } from '../../../infra/lab/progress.ts';
import type { LabState } from '../../../infra/lab/up.ts';
import { paint, say, table } from './output.ts';

/** One line for each thing that a starting lab did. */
export function showLabProgress(event: ProgressEvent): void {
  if (event.event === 'done')
    say(`  ${paint('green', '✓')} ${event.what} ${paint('dim', `${event.seconds.toFixed(1)} s`)}`);
  else if (event.event === 'failed') say(`  ${paint('red', '✗')} ${event.what}: ${event.message}`);
  else say(`  ${paint('green', '✓')} ${paint('bold', 'ready')} after ${event.seconds.toFixed(1)} s`);
}

/** What `muster lab status` prints. Pure but for colours. */
export function labStateText(state: LabState): string {
  if (state.state !== 'running') return `the lab is ${state.state}`;
  const { services, masters, boxes, memory } = state.status;
  const rows = [
    ...services.map((service) => ['service', service.name, service.state, '']),
    ...masters.map((master) => [
      'master',
      master.fqdn,
      master.state,
      `${master.region} (${master.country}) at ${master.ip}`,
    ]),
    ...boxes
      .filter((box) => box.name.startsWith('i-'))
      .map((box) => ['instance', box.name, box.running ? 'running' : 'stopped', box.ip]),
  ];
  return [
    table(['KIND', 'NAME', 'STATE', 'WHERE'], rows),
    '',
    `memory ${memory.processes_mib} MiB in processes, ${memory.disks_mib} MiB in disks of machines`,
    `config ${state.info.controllerConfig}`,
  ].join('\n');
}

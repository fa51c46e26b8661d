import { join } from 'node:path';
import { disabledMessage } from './disable.ts';
import { readSummary, totalsOf } from './last-run.ts';
import type { PuppetPaths } from './paths.ts';
import { livePuppet } from './resident.ts';

/** How Puppet stands on this node. Times in seconds, `lastrun` since the epoch, 0 for never. */
export interface PuppetStatus {
  readonly applying: boolean;
  readonly idling: boolean;
  readonly enabled: boolean;
  readonly daemon_present: boolean;
  readonly lastrun: number;
  readonly since_lastrun: number;
  readonly status: 'disabled' | 'applying a catalog' | 'idling' | 'stopped';
  readonly disable_message: string;
  readonly message: string;
}

/** Looks at Puppet's lock, pid and summary files; no process is started. Throws NODE_IO. *Source:* mcollective-puppet-agent, `status`. */
export async function puppetStatus(paths: PuppetPaths, nowMs: number): Promise<PuppetStatus> {
  const [applying, daemon, disabled, summary] = await Promise.all([
    isApplying(paths),
    livePuppet(paths.pidFile),
    disabledMessage(paths),
    readSummary(paths),
  ]);
  const { lastrun, since_lastrun } = totalsOf(summary, nowMs);
  const idling = daemon !== null && !applying;
  const enabled = disabled === null;
  const status = statusOf({ enabled, applying, idling });
  const ago =
    lastrun === 0 ? 'no run was completed yet' : `last completed run ${humanSeconds(since_lastrun)} ago`;
  return {
    ...{ applying, idling, enabled, daemon_present: daemon !== null, lastrun, since_lastrun, status },
    disable_message: disabled ?? '',
    message: `Currently ${status}; ${ago}`,
  };
}

/** Does any Puppet of this node, ours or its resident agent, apply a catalog now? */
export async function isApplying({ stateDir }: Pick<PuppetPaths, 'stateDir'>): Promise<boolean> {
  return (await livePuppet(join(stateDir, 'agent_catalog_run.lock'))) !== null;
}

/** `1 day 2 hours 3 minutes 04 seconds`, without what is zero in front. Pure. */
export function humanSeconds(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const parts = [
    ...(days > 0 ? [many(days, 'day')] : []),
    ...(days > 0 || hours > 0 ? [many(hours, 'hour')] : []),
    ...(seconds >= 60 ? [many(minutes, 'minute')] : []),
    `${String(Math.floor(seconds) % 60).padStart(2, '0')} seconds`,
  ];
  return parts.join(' ');
}

function many(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function statusOf(now: { enabled: boolean; applying: boolean; idling: boolean }): PuppetStatus['status'] {
  if (!now.enabled) return 'disabled';
  if (now.applying) return 'applying a catalog';
  return now.idling ? 'idling' : 'stopped';
}

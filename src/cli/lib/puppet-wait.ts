import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { puppet } from '../../../agent/agents/puppet.ddl.ts';
import type { AskReply } from '../../bus/ask.ts';
import type { PuppetRun } from '../../core/puppet-run-schema.ts';
import { type Asked, askNodes, type FilterOptions, onlyNodes } from './ask.ts';
import { interruption, nullIfStopped } from './interruption.ts';
import { stopSignal } from './stop.ts';

const POLL_MS = 2_000;
/** Looks that a node may leave unanswered, one after the other. */
const PATIENCE = 5;

/** A name for the runs of one command, the same on all nodes: so each can be asked for it. */
export function newRunName(): string {
  const at = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `runonce-${at}-${randomBytes(3).toString('hex')}`;
}

/**
 * Asks the nodes until their runs of this name have ended, at most `waitS` seconds. `onEnd` is told each as it ends. A node that does
 * not answer five times in a row, or whose run goes on after that time, is silent; so is one whose run goes on when somebody ends the command. Throws what `askNodes` throws.
 */
export async function waitForRuns(
  options: FilterOptions,
  own: {
    readonly started: Asked<unknown>;
    readonly ddl: typeof puppet;
    readonly run: string;
    readonly nodes: readonly string[];
    readonly waitS: number;
  },
  onEnd: (reply: AskReply<PuppetRun>) => void,
): Promise<Asked<PuppetRun>> {
  const startedAtMs = performance.now();
  const signal = stopSignal();
  const missed = new Map(own.nodes.map((node) => [node, 0]));
  const replies: AskReply<PuppetRun>[] = [];
  const isOver = ({ data }: AskReply<PuppetRun>) => data === null || data.state === 'finished';
  while ([...missed.values()].some((times) => times < PATIENCE)) {
    if (performance.now() - startedAtMs > own.waitS * 1000) break;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const waiting = [...missed].flatMap(([node, times]) => (times < PATIENCE ? [node] : []));
    const ask = onlyNodes({ ...options, timeout: '10', quiet: true }, waiting);
    const asked = await askNodes(ask, own.ddl, 'run_status', { run: own.run }).catch(nullIfStopped);
    if (asked === null) break;
    for (const node of asked.silent) missed.set(node, (missed.get(node) ?? 0) + 1);
    for (const reply of asked.replies) {
      missed.set(reply.identity, 0);
      if (!isOver(reply)) continue;
      missed.delete(reply.identity);
      replies.push(reply);
      onEnd(reply);
    }
  }
  const tookMs = own.started.tookMs + performance.now() - startedAtMs;
  return { ...own.started, replies, silent: [...missed.keys()], interrupted: interruption(), tookMs };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { MAX_AUDIT_LINE_CHARS, MAX_AUDIT_LINES } from '../../src/core/audit.ts';
import { backoffMs } from '../../src/core/backoff.ts';
import { asMusterError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { NodeEvent } from '../../src/core/messages.ts';
import { readIfThere, writeAtomic } from '../files.ts';
import { type AuditPlace, readAudit } from './read.ts';

/** What is sent, and how. */
export interface AuditSenderOptions {
  readonly path: string;
  readonly keep: number;
  /** Remembers how far the controllers have the lines. */
  readonly cursorFile: string;
  /** Fulfilled by the broker's receipt; the lines are sent again when it rejects. */
  readonly publish: (event: NodeEvent['event']) => Promise<void>;
  readonly log: Log;
  /** First wait after a failure, in ms (grows, with jitter). */
  readonly backoffBaseMs?: number;
}

/** Sends the lines of an audit, each at least once, in order, however often broker or daemon go away. */
export interface AuditSender {
  /** There may be new lines; they are sent soon, several together. */
  poke(): void;
  stop(): Promise<void>;
}

const Cursor = z.strictObject({ inode: z.number(), offset: z.number().int().min(0) });
/**
 * A request to all makes every node write a line at the same moment: their answers come first, and the lines spread over
 * this time, so that broker and controllers are not asked by all at once. In ms.
 */
const GATHER_MS = { least: 500, most: 2000 };
/** A message that the broker does not take is not waited for: it is sent again after the next start. */
const STOP_MS = 500;
const BACKOFF_CAP_MS = 60_000;

/** Sends what was not sent before, then what comes. */
export function startAuditSender(options: AuditSenderOptions): AuditSender {
  const { log, backoffBaseMs = 1000 } = options;
  let [timer, failures, stopped] = [undefined as NodeJS.Timeout | undefined, 0, false];
  let sending: Promise<void> | null = null;
  let again = false;
  const soon = (ms: number) => {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = send();
    }, ms);
  };
  const send = async () => {
    again = false;
    try {
      while (!stopped && (await sendPiece(options)));
      failures = 0;
    } catch (cause) {
      if (!stopped)
        log.warn({ err: asMusterError(cause).message }, 'audit lines not sent; they are sent later');
      again = false;
      soon(backoffMs(failures++, { baseMs: backoffBaseMs, capMs: BACKOFF_CAP_MS, floorMs: 50 }));
    }
    sending = null;
    if (again) soon(gatherMs());
  };
  soon(0);
  return {
    poke() {
      if (sending === null) soon(gatherMs());
      else again = true;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.race([sending, sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}

function gatherMs(): number {
  return GATHER_MS.least + Math.random() * (GATHER_MS.most - GATHER_MS.least);
}

/** Sends one event. False when there is nothing to send. */
async function sendPiece({ path, keep, cursorFile, publish }: AuditSenderOptions): Promise<boolean> {
  const piece = await readAudit(path, keep, await readCursor(cursorFile), MAX_AUDIT_LINES);
  if (piece === null) return false;
  // Half a line that a crash left is told by the line behind it.
  const lines = piece.lines.filter((line) => line.endsWith('}') && line.length <= MAX_AUDIT_LINE_CHARS);
  if (lines.length > 0) await publish({ kind: 'audit', lines });
  await writeAtomic(cursorFile, `${JSON.stringify(piece.place)}\n`, { mode: 0o600 });
  return true;
}

/** A cursor that cannot be read is none: the controllers know lines that they have already. */
async function readCursor(path: string): Promise<AuditPlace | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return Cursor.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

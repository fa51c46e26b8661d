import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { ReplayCache } from '../core/seal.ts';
import { memoryReplayCache } from './replay.ts';

/** The file is written anew when it has this many lines more than ids that count. */
const SLACK_LINES = 1000;
const LINE = /^(\d{1,16}) (\S{1,600})$/;

/**
 * A replay cache that survives a restart: one line `expiresAtMs id` an id, appended before `seen` answers. `kept` waits for
 * the disk and holds up nothing else: requests that come together share one sync. Written anew as it grows. A torn last line is left out. Throws NODE_IO. Ids hold no white space.
 */
export function fileReplayCache(
  path: string,
  options: { clock?: Clock; maxIds?: number } = {},
): ReplayCache & { close(): void } {
  const clock = options.clock ?? systemClock;
  const memory = memoryReplayCache({ ...options, clock });
  return attemptIo(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    for (const [id, expiresAtMs] of linesOf(path))
      if (expiresAtMs >= clock.nowMs()) memory.seen(id, expiresAtMs);
    let lines = 0;
    let fd: number | undefined;
    const compact = () => {
      if (fd !== undefined) closeSync(fd);
      fd = rewrite(path, memory.entries());
      lines = memory.size;
    };
    compact();
    const append = (id: string, expiresAtMs: number) => {
      if (fd === undefined) throw new Error('closed');
      if (lines > memory.size + SLACK_LINES) return compact();
      writeSync(fd, `${Math.round(expiresAtMs)} ${id}\n`);
      lines += 1;
    };
    const kept = syncer(() => fd ?? -1);
    return {
      seen: (id, expiresAtMs) => {
        if (memory.seen(id, expiresAtMs)) return true;
        attemptIo(path, () => append(id, expiresAtMs));
        return false;
      },
      kept: () =>
        kept().catch((cause: unknown) => {
          throw unwritable(path, cause);
        }),
      close: () => {
        if (fd !== undefined) closeSync(fd);
        fd = undefined;
      },
    };
  });
}

/** Brings a file to the disk, one sync at a time: those who ask meanwhile share the next one. */
function syncer(current: () => number): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const kept = (): Promise<void> => {
    if (running === undefined) {
      running = sync(current).finally(() => {
        running = undefined;
      });
      return running;
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return kept();
      });
    return next;
  };
  return kept;
}

function sync(current: () => number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fd = current();
    // A file that was replaced meanwhile was synced by whoever did that.
    fdatasync(fd, (error) => (error === null || fd !== current() ? resolve() : reject(error)));
  });
}

function linesOf(path: string): [string, number][] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return text.split('\n').flatMap((line): [string, number][] => {
    const [, expiresAtMs, id] = LINE.exec(line) ?? [];
    return expiresAtMs === undefined || id === undefined ? [] : [[id, Number(expiresAtMs)]];
  });
}

/** Writes the file anew beside the old one, and gives it open for appending. */
function rewrite(path: string, entries: Iterable<[string, number]>): number {
  const temporary = `${path}.new`;
  const fd = openSync(temporary, 'w', 0o600);
  const text = [...entries].map(([id, expiresAtMs]) => `${Math.round(expiresAtMs)} ${id}\n`).join('');
  writeSync(fd, text);
  fdatasyncSync(fd);
  renameSync(temporary, path);
  return fd;
}

function attemptIo<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): MusterError {
  return new MusterError('NODE_IO', `${path}: ${asMusterError(cause).message}`, { cause });
}

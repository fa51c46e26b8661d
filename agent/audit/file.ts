import { constants, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AuditEntry } from '../../src/core/audit.ts';
import type { Clock } from '../../src/core/clock.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { type ChainHead, chainLine } from '../../src/trust/audit/chain.ts';
import { isMissing } from '../files.ts';
import { readRotatedTail, readTail } from './tail.ts';

/** How an audit is kept. */
export interface AuditFileOptions {
  readonly path: string;
  /** Size at which a new file is begun; the old ones are `path.1` (the newest) to `path.<keep>`. */
  readonly maxBytes: number;
  readonly keep: number;
  readonly clock: Clock;
  /** Called after lines have reached the disk. */
  readonly onWritten?: () => void;
}

/** An audit that only grows. */
export interface AuditFile {
  /** Fulfilled when the entry is on the disk. Throws AUDIT_FAILED: then what it is about must not be done. */
  append(entry: AuditEntry): Promise<void>;
  /** Writes what waits, and lets go of the file. */
  close(): Promise<void>;
}

interface Waiting {
  readonly entry: AuditEntry;
  readonly resolve: () => void;
  readonly reject: (error: MusterError) => void;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  bytes: number;
  head: ChainHead;
}

const BATCH = 200;
/** A line is on the disk when its write returns: one wait instead of two. */
const APPEND_SYNCED = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC;

/** An audit in one file and its rotated ones, mode 0600, hash-chained; entries that come together are synced together. */
export function createAuditFile(options: AuditFileOptions): AuditFile {
  return new Writer(options);
}

class Writer implements AuditFile {
  readonly #own: AuditFileOptions;
  readonly #waiting: Waiting[] = [];
  #file: OpenFile | null = null;
  #working: Promise<void> | null = null;

  constructor(options: AuditFileOptions) {
    this.#own = options;
  }

  append(entry: AuditEntry): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entry, resolve, reject });
    this.#working ??= this.#work();
    return promise;
  }

  async close(): Promise<void> {
    await this.#working;
    await this.#letGo();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#write(batch.map(({ entry }) => entry));
        for (const { resolve } of batch) resolve();
        this.#own.onWritten?.();
      } catch (cause) {
        // What is on the disk now is not known: the next entry looks.
        await this.#letGo();
        const { path } = this.#own;
        const error = new MusterError('AUDIT_FAILED', `${path}: ${asMusterError(cause).message}`, { cause });
        for (const { reject } of batch) reject(error);
      }
    }
    this.#working = null;
  }

  async #write(entries: readonly AuditEntry[]): Promise<void> {
    const file = await this.#current();
    const lines: string[] = [];
    let { head } = file;
    for (const entry of entries) {
      const next = chainLine(entry, head, this.#own.clock.nowMs());
      lines.push(next.line);
      head = next.head;
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    await file.handle.writeFile(bytes);
    file.head = head;
    file.bytes += bytes.length;
  }

  /** The open file; another one when it is full, or was moved or removed by somebody else. */
  async #current(): Promise<OpenFile> {
    const { path, maxBytes } = this.#own;
    const there = statSync(path, { throwIfNoEntry: false });
    const before = this.#file;
    if (before !== null && before.inode === there?.ino && before.bytes < maxBytes) return before;
    await this.#letGo();
    if (there?.isFile() && there.size >= maxBytes) await this.#rotate();
    this.#file = await this.#open(before?.head ?? null);
    return this.#file;
  }

  async #open(known: ChainHead | null): Promise<OpenFile> {
    const { path, clock } = this.#own;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, APPEND_SYNCED, 0o600);
    try {
      const found = await handle.stat();
      const { ino, size } = found;
      if (found.isFile()) await handle.chmod(0o600);
      const tail = await readTail(handle, size);
      const head = tail?.head ?? known ?? (await readRotatedTail(`${path}.1`));
      if (tail?.torn !== true) return { handle, inode: ino, bytes: size, head };
      const mark = chainLine({ kind: 'recovered' }, head, clock.nowMs());
      const text = `\n${mark.line}\n`;
      await handle.writeFile(text);
      return { handle, inode: ino, bytes: size + text.length, head: mark.head };
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  /** `path` becomes `path.1`, that one `path.2` and so on; the oldest is overwritten. */
  async #rotate(): Promise<void> {
    const { path, keep } = this.#own;
    for (let number = keep; number > 0; number--) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      await rename(from, `${path}.${number}`).catch((cause: unknown) => {
        if (!isMissing(cause)) throw cause;
      });
    }
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close().catch(() => undefined);
  }
}

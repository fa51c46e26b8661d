import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { asMusterError, MusterError } from '../core/errors.ts';
import { identityName, ROLES } from '../core/names.ts';
import { RevocationList } from './revocation.ts';

/** One certificate that the CA issued. `key` is the SHA-256, hex, of its public key (SPKI DER). */
const Issued = z.strictObject({
  at_ms: z.number().int(),
  name: identityName,
  role: z.enum(ROLES),
  serial: z.string(),
  not_before_ms: z.number().int(),
  not_after_ms: z.number().int(),
  key: z.string(),
});
/** One line of `issued.jsonl`. */
export type Issued = z.output<typeof Issued>;

/**
 * One decision about a name: certificates of it that were issued until `before_ms` count no more; while `barred`, it is
 * not let in by a hello either. Until `until_ms` one of its certificates may still be within its dates.
 */
export const Revocation = z.strictObject({
  at_ms: z.number().int(),
  name: identityName,
  /** Of the last certificate that is known; null when this folder never issued one. */
  role: z.enum(ROLES).nullable(),
  before_ms: z.number().int(),
  until_ms: z.number().int(),
  barred: z.boolean(),
  reason: z.string().max(500),
});
/** One line of `revoked.jsonl`. */
export type Revocation = z.output<typeof Revocation>;

/** What a CA issued and revoked. */
export interface CaBook {
  /** Written before the certificate is handed out. Throws NODE_IO: then nothing is issued. */
  record(issued: Issued): void;
  /** Everything that was issued, oldest first. */
  issued(): Issued[];
  /** Throws NODE_IO. */
  revoke(revocation: Revocation): void;
  /** What is revoked now; reads what other processes have added. */
  revocations(): RevocationList;
}

/**
 * The book in the folder of a CA: `issued.jsonl` and `revoked.jsonl`, one line an entry, only ever appended to. A line is
 * written by one call with O_APPEND, so that any number of processes on a host may write at once. A torn line is left out.
 */
export function openCaBook(dir: string): CaBook {
  const issued = new Lines(join(dir, 'issued.jsonl'), Issued);
  const revoked = new Lines(join(dir, 'revoked.jsonl'), Revocation);
  const list = new RevocationList();
  return {
    record: (entry) => issued.append(entry),
    issued: () => issued.all(),
    revoke: (entry) => revoked.append(entry),
    revocations: () => {
      for (const entry of revoked.news()) list.add(entry);
      return list;
    },
  };
}

class Lines<T> {
  readonly #path: string;
  readonly #schema: z.ZodType<T>;
  #read = 0;

  constructor(path: string, schema: z.ZodType<T>) {
    this.#path = path;
    this.#schema = schema;
  }

  append(entry: T): void {
    try {
      const fd = openSync(this.#path, 'a', 0o600);
      try {
        writeSync(fd, `${JSON.stringify(entry)}\n`);
      } finally {
        closeSync(fd);
      }
    } catch (cause) {
      throw new MusterError('NODE_IO', `${this.#path}: ${asMusterError(cause).message}`, { cause });
    }
  }

  all(): T[] {
    this.#read = 0;
    return this.news();
  }

  /** Whole lines that were added since the last look. */
  news(): T[] {
    const bytes = this.#readOn();
    const end = bytes.lastIndexOf('\n') + 1;
    this.#read += end;
    const lines = bytes.subarray(0, end).toString('utf8').split('\n');
    return lines.flatMap((line) => this.#parse(line));
  }

  #parse(line: string): T[] {
    try {
      return [this.#schema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  }

  #readOn(): Buffer {
    let fd: number;
    try {
      fd = openSync(this.#path, 'r');
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return Buffer.alloc(0);
      throw new MusterError('NODE_IO', `${this.#path}: ${asMusterError(cause).message}`, { cause });
    }
    try {
      const rest = Buffer.alloc(Math.max(0, fstatSync(fd).size - this.#read));
      return rest.subarray(0, readSync(fd, rest, 0, rest.length, this.#read));
    } finally {
      closeSync(fd);
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { MusterError } from '../core/errors.ts';
import type { Ec2Instance } from './instance.ts';

/** EC2's limit of values in one filter. */
const IDS_A_CALL = 200;
const WINDOW_MS = 100;
/** EC2 may not know an instance for a while after its launch. *Source:* EC2 developer guide, "Eventual consistency". */
const AGAIN_AFTER_MS = [1000, 2000, 4000] as const;

/** What the batcher needs; the times are for tests. */
export interface BatcherDeps {
  /** One call. An id that EC2 does not know must not fail the others: see `describeInstances`, which asks by filter. */
  readonly look: (
    region: string,
    ids: readonly string[],
  ) => Promise<{ readonly found: ReadonlyMap<string, Ec2Instance> }>;
  readonly windowMs?: number;
  readonly againAfterMs?: readonly number[];
}

/** Looks up one instance. null when EC2 does not know it after some seconds; throws as `look`, and EC2_UNREACHABLE when `signal` aborts. */
export type LookUp = (region: string, id: string, signal: AbortSignal) => Promise<Ec2Instance | null>;

interface Line {
  readonly waiting: Map<string, PromiseWithResolvers<Ec2Instance | null>>;
  busy: boolean;
}

/**
 * Gathers look-ups into calls of up to 200 ids: one call a region at a time, and what comes meanwhile waits for the
 * next. A batcher is for one set of credentials, so that no answer can be of another account. Opens nothing.
 * *Source:* Karpenter, which had used up the account's requests without it.
 */
export function createBatcher({
  look,
  windowMs = WINDOW_MS,
  againAfterMs = AGAIN_AFTER_MS,
}: BatcherDeps): LookUp {
  const lines = new Map<string, Line>();

  async function work(region: string, line: Line): Promise<void> {
    line.busy = true;
    while (line.waiting.size > 0) {
      await sleep(windowMs);
      const batch = new Map([...line.waiting].slice(0, IDS_A_CALL));
      for (const id of batch.keys()) line.waiting.delete(id);
      await look(region, [...batch.keys()]).then(
        ({ found }) => batch.forEach((asker, id) => void asker.resolve(found.get(id) ?? null)),
        (error: unknown) => batch.forEach((asker) => void asker.reject(error)),
      );
    }
    line.busy = false;
  }

  function ask(region: string, id: string): Promise<Ec2Instance | null> {
    const line = lines.get(region) ?? { waiting: new Map(), busy: false };
    lines.set(region, line);
    const asker = line.waiting.get(id) ?? Promise.withResolvers<Ec2Instance | null>();
    line.waiting.set(id, asker);
    if (!line.busy) void work(region, line);
    return asker.promise;
  }

  async function lookUp(region: string, id: string, signal: AbortSignal): Promise<Ec2Instance | null> {
    for (const waitMs of againAfterMs) {
      const found = await orAborted(ask(region, id), signal);
      if (found !== null) return found;
      await sleep(waitMs, undefined, { signal });
    }
    return orAborted(ask(region, id), signal);
  }

  return async (region, id, signal) => {
    try {
      return await lookUp(region, id, signal);
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new MusterError('EC2_UNREACHABLE', `describe ${id} in ${region}: no answer in time`, { cause });
    }
  };
}

/** The others may go on waiting for the same call. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

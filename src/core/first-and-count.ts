/** Several of the same kind in one piece. `samples` are what came with them: a few, each once. */
export interface Counted {
  readonly kind: string;
  readonly count: number;
  readonly samples: readonly string[];
}

/** Tells the first of each kind at once and the others of its window in one piece. */
export interface FirstAndCount {
  add(kind: string, sample: string | null): void;
  /** Tells what is held back, now. */
  flush(): void;
}

/** More kinds than there are, so that not even a fault can make it grow. */
const MAX_KINDS = 100;
const OTHER = 'OTHER';

/**
 * Keeps a flood from filling what it is written to: two pieces a kind and window, however many there were. `tell` must not
 * throw. *Source:* syslog's "last message repeated n times".
 */
export function createFirstAndCount(own: {
  readonly windowMs: number;
  /** Different samples that are kept of those held back. */
  readonly maxSamples: number;
  readonly tell: (piece: Counted) => void;
}): FirstAndCount {
  const held = new Map<string, { count: number; samples: Set<string>; timer: NodeJS.Timeout }>();
  const end = (kind: string): void => {
    const window = held.get(kind);
    held.delete(kind);
    clearTimeout(window?.timer);
    if (window !== undefined && window.count > 0)
      own.tell({ kind, count: window.count, samples: [...window.samples] });
  };
  return {
    add(given, sample) {
      const kind = held.has(given) || held.size < MAX_KINDS ? given : OTHER;
      const window = held.get(kind);
      if (window === undefined) {
        held.set(kind, {
          ...{ count: 0, samples: new Set() },
          timer: setTimeout(end, own.windowMs, kind).unref(),
        });
        own.tell({ kind, count: 1, samples: sample === null ? [] : [sample] });
        return;
      }
      window.count += 1;
      if (sample !== null && window.samples.size < own.maxSamples) window.samples.add(sample);
    },
    flush() {
      for (const kind of [...held.keys()]) end(kind);
    },
  };
}

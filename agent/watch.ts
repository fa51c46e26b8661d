import { watch } from 'node:fs';

const POLL_MS = 30_000;
/** One write of a file makes several events. */
const SETTLE_MS = 100;

/**
 * Calls `look` soon after something in one of the folders changes, and every 30 s anyway (the kernel may drop events, a folder may
 * be replaced or come later), until `signal`. Of a folder where other things lie, too, `matters` says which files count. Keeps no
 * process alive.
 */
export function followFolders(
  folders: readonly string[],
  look: () => void,
  signal: AbortSignal,
  matters: (folder: string, name: string) => boolean = () => true,
): void {
  const watched = new Set<string>();
  let soon: NodeJS.Timeout | undefined;
  const changed = () => {
    soon ??= setTimeout(() => {
      soon = undefined;
      look();
    }, SETTLE_MS).unref();
  };
  const watchAll = () => {
    for (const folder of folders) {
      if (watched.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false, signal }, (_event, name) => {
          if (name === null || matters(folder, name)) changed();
        });
        watcher.on('error', () => watched.delete(folder));
        watched.add(folder);
      } catch {
        // Not there, or no watcher left: the poll is enough.
      }
    }
  };
  watchAll();
  const poll = setInterval(() => {
    watchAll();
    look();
  }, POLL_MS).unref();
  signal.addEventListener(
    'abort',
    () => {
      clearInterval(poll);
      clearTimeout(soon);
    },
    { once: true },
  );
}

/** Those who want to hear that something has changed. */
export interface Listeners {
  /** Adds one; the function that is given back removes it. */
  add(listener: () => void): () => void;
  tell(): void;
}

/** Nobody, at first. */
export function createListeners(): Listeners {
  const all = new Set<() => void>();
  return {
    add(listener) {
      all.add(listener);
      return () => all.delete(listener);
    },
    tell() {
      for (const listener of all) listener();
    },
  };
}

import { readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import type { Origins } from '../src/core/config/explain.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { stampOf } from './files.ts';

/** The config of the daemon with the settings of agents as they are in the files now; all the rest is as it was at the start. */
export interface LiveSettings {
  current(): DaemonConfig;
  /**
   * Reads the settings again when a file has changed; true when one has. Those that are wrong are told in the log, and the last good ones
   * hold. Never throws.
   */
  refresh(): Promise<boolean>;
  /** Folders of the files. */
  readonly folders: readonly string[];
  /** Is a file of this name in one of the folders such a file? */
  isOne(folder: string, name: string): boolean;
}

/** What settings are read with. */
export interface LiveSettingsOptions {
  readonly config: DaemonConfig;
  /** Reads the config again, and notes where each setting is; throws CONFIG_INVALID. Nothing is read again without it. */
  readonly reload: ((origins: Origins) => Promise<DaemonConfig>) | undefined;
  /** Throws CONFIG_INVALID when settings are wrong. */
  readonly check: (settings: DaemonConfig['settings'], origins: Origins) => void;
  /** The `plugin.d` beside the config. */
  readonly pluginDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was changed shortly before the daemon started may have been read or not. */
const UNSURE_MS = 60_000;

/** Looks at the files, which have just been read: again only when they change. */
export function openLiveSettings(options: LiveSettingsOptions): LiveSettings {
  const { reload, check, pluginDir, log } = options;
  const base = dirname(pluginDir);
  const folders = [base, join(base, 'conf.d'), pluginDir];
  let current = options.config;
  // Beside the config, daemons may be told to keep other things: a log, keys.
  const isOne = (folder: string, name: string) => folder !== base || /\.ya?ml$/.test(name);
  const lookNow = () => lookAt(folders.flatMap((folder) => pathsIn(folder, isOne)));
  const first = lookNow();
  let look = options.clock.nowMs() - first.changedMs < UNSURE_MS ? '' : first.text;
  let problem = '';

  async function readAgain(): Promise<void> {
    const origins: Origins = new Map();
    const { settings } = (await reload?.(origins)) ?? current;
    check(settings, origins);
    const all = new Set([...Object.keys(settings), ...Object.keys(current.settings)]);
    const changed = [...all].filter((key) => settings[key] !== current.settings[key]);
    if (changed.length > 0) log.info({ settings: changed.sort() }, 'settings of agents have changed');
    current = { ...current, settings };
  }

  return {
    folders,
    isOne,
    current: () => current,
    async refresh() {
      const { text: now } = lookNow();
      if (now === look) return false;
      look = now;
      try {
        await readAgain();
        problem = '';
      } catch (cause) {
        const { code, message } = asMusterError(cause);
        if (message !== problem)
          log.error({ code, err: message }, 'settings of agents are wrong: the last good ones hold');
        problem = message;
      }
      return true;
    },
  };
}

/**
 * Names, sizes and times of files, and the last change, in ms. At once: for a few small files of the machine's own disk a thread for
 * each would cost several times as much.
 */
function lookAt(paths: readonly string[]): { text: string; changedMs: number } {
  const found = paths.map((path) => ({ path, stats: statNow(path) }));
  const looks = found.map(({ path, stats }) =>
    stats === undefined ? '' : `${path}:${stampOf(stats)}:${stats.ctimeMs}`,
  );
  return { text: looks.join('\n'), changedMs: Math.max(0, ...found.map(({ stats }) => stats?.ctimeMs ?? 0)) };
}

function pathsIn(folder: string, isOne: (folder: string, name: string) => boolean): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => isOne(folder, name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function statNow(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

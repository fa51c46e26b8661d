import { dirname } from 'node:path';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { MAX_CLASS_CHARS } from '../src/core/messages.ts';
import { readIfThere } from './files.ts';
import { createListeners, followFolders, type Listeners } from './watch.ts';

/** Classes that Puppet applied last, from its `classes.txt`. */
export interface ClassList {
  /** As they were at the last look. */
  current(): readonly string[];
  /** Reads them again; none when there is no file. */
  refresh(): Promise<readonly string[]>;
  /** Looks by itself whenever the file changes, until `signal`. */
  follow(signal: AbortSignal): void;
  /** Told whenever a look finds other classes. */
  readonly onChange: Listeners['add'];
}

/** *Source:* Puppet's statedir, by Debian's package and by Puppet's own. */
const USUAL_PLACES = [
  '/var/cache/puppet/state/classes.txt',
  '/opt/puppetlabs/puppet/cache/state/classes.txt',
];

/**
 * Classes from the file that the config names, else from the first usual place where there is one. A file that is there and cannot be
 * read keeps the last good ones. *Source:* Puppet's classfile: one class a line, the names of `tag`s too.
 */
export function createClassList(path: string | undefined, log: Log, usual = USUAL_PLACES): ClassList {
  const places = path === undefined ? usual : [path];
  const listeners = createListeners();
  let classes: readonly string[] = [];
  let unreadable = '';

  async function read(): Promise<string> {
    for (const place of places) {
      const text = await readIfThere(place);
      if (text !== null) return text;
    }
    return '';
  }

  async function refresh(): Promise<readonly string[]> {
    try {
      const text = await read();
      unreadable = '';
      // Puppet writes tags, too; with one that is no name of a class, a whole registration would be refused.
      const names = text.split('\n').filter((line) => line !== '' && line.length <= MAX_CLASS_CHARS);
      const now = [...new Set(names)].sort();
      if (now.join('\n') === classes.join('\n')) return classes;
      classes = now;
      listeners.tell();
    } catch (cause) {
      const err = asMusterError(cause).message;
      if (err !== unreadable) log.warn({ err }, 'classes cannot be read: the last ones are kept');
      unreadable = err;
    }
    return classes;
  }

  return {
    current: () => classes,
    refresh,
    follow: (signal) => followFolders(places.map(dirname), () => void refresh(), signal),
    onChange: listeners.add,
  };
}

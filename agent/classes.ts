import { readIfThere } from './files.ts';

/** Classes that Puppet applied last, from its `classes.txt`. */
export interface ClassList {
  /** As they were at the last look. */
  current(): readonly string[];
  /** Reads them again; none when there is no file. */
  refresh(): Promise<readonly string[]>;
}

/** *Source:* Puppet's classfile: one class a line, the names of `tag`s too. */
export function createClassList(path: string): ClassList {
  let classes: readonly string[] = [];
  return {
    current: () => classes,
    async refresh() {
      const text = (await readIfThere(path).catch(() => null)) ?? '';
      classes = [...new Set(text.split('\n').filter((line) => line !== ''))].sort();
      return classes;
    },
  };
}

import { basename } from 'node:path';
import { parseGroups } from './callers.ts';
import { lintPolicy } from './lint.ts';
import type { PolicyProblem } from './problem.ts';

/** A problem and the file that it stands in. */
export type FileProblem = PolicyProblem & { readonly file: string };

/** Is this the name of a file that policies are read from: `AGENT.policy` or `groups`? Pure. */
export function isPolicyFile(name: string): boolean {
  return name === 'groups' || name.endsWith('.policy');
}

/**
 * What `muster policy lint` and a daemon that starts say of one file. `groupsText` is the file `groups` beside it;
 * `actionsOf` gives the actions of an agent, null for one that is not known. Pure.
 */
export function lintPolicyFile(
  { file, text }: { readonly file: string; readonly text: string },
  groupsText: string,
  actionsOf: (agent: string) => readonly string[] | null,
): FileProblem[] {
  const name = basename(file);
  const problems =
    name === 'groups'
      ? parseGroups(text).problems
      : lintPolicy(text, {
          groups: parseGroups(groupsText).groups,
          actions: actionsOf(name.replace(/\.policy$/, '')),
        });
  return problems.map((problem) => ({ file, ...problem }));
}

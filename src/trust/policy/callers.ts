import { asMusterError } from '../../core/errors.ts';
import { PartError } from '../../core/filter/problem.ts';
import { ROLES } from '../../core/names.ts';
import { compileRegex } from '../../core/regex.ts';
import { checkVisible, type PolicyProblem } from './problem.ts';

/** Who asks: name and role of the verified certificate. */
export interface PolicyCaller {
  /** `cert=<common name>`. */
  readonly caller: string;
  readonly role: string;
}

/** One entry of a callers column. `text` is as it stands there. */
export interface CallerTest {
  readonly text: string;
  readonly matches: (who: PolicyCaller) => boolean;
}

/** Names of groups to their members, as in the groups file. */
export type PolicyGroups = ReadonlyMap<string, readonly CallerTest[]>;

/**
 * Reads one caller: `*`, `cert=NAME` (the whole name), `role=ROLE`, `/regex/` over `cert=NAME`, or a group.
 * Throws PartError. Pure. *Source:* ActionPolicy (callers, groups), Choria (regular expressions).
 */
export function parseCaller(text: string, groups: PolicyGroups | null, offset: number): CallerTest {
  if (text === '*') return { text, matches: () => true };
  if (text.startsWith('/')) return { text, matches: byRegex(text, offset) };
  const [, kind, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (kind === 'cert') return { text, matches: ({ caller }) => caller === text };
  if (kind === 'role') {
    if (!ROLES.some((role) => role === value))
      throw new PartError(`there is no role '${value}'`, offset, `roles are ${ROLES.join(', ')}`);
    return { text, matches: ({ role }) => role === value };
  }
  if (kind !== undefined)
    throw new PartError(
      `'${kind}=' names nobody here: callers are proven by certificates`,
      offset,
      `write cert=NAME, role=ROLE, /regex/ or a group`,
    );
  const members = groups?.get(text);
  if (members === undefined)
    throw new PartError(
      groups === null ? `a group holds callers, not the group '${text}'` : `there is no group '${text}'`,
      offset,
      groups === null ? undefined : `name it in the file 'groups', or write cert=${text}`,
    );
  return { text, matches: (who) => members.some((member) => member.matches(who)) };
}

/** Reads the groups file: `name caller caller`, a line each, `#` begins a comment. Pure. */
export function parseGroups(text: string): { groups: PolicyGroups; problems: PolicyProblem[] } {
  const groups = new Map<string, readonly CallerTest[]>();
  const problems: PolicyProblem[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    const words = wordsOf(line);
    const [name, ...members] = words;
    if (name === undefined || name.text.startsWith('#')) continue;
    try {
      checkVisible(line);
      if (!/^[\w.-]+$/.test(name.text))
        throw new PartError(`'${name.text}' is no name of a group`, name.offset);
      if (groups.has(name.text)) throw new PartError(`the group '${name.text}' is there twice`, name.offset);
      groups.set(
        name.text,
        members.map((member) => parseCaller(member.text, null, member.offset)),
      );
    } catch (thrown) {
      problems.push(problemOf(thrown, index + 1, 0));
    }
  }
  return { groups, problems };
}

/** The words of a text with where each begins. Pure. */
export function wordsOf(text: string): { text: string; offset: number }[] {
  return [...text.matchAll(/\S+/g)].map((found) => ({ text: found[0], offset: found.index }));
}

/** A fault of a part as a problem of its line; `before` is the number of characters left of the part. Pure. */
export function problemOf(thrown: unknown, line: number, before: number): PolicyProblem {
  if (!(thrown instanceof PartError)) throw thrown;
  const hint = thrown.hint === undefined ? {} : { hint: thrown.hint };
  return {
    severity: 'error',
    line,
    column: before + thrown.offset + 1,
    message: thrown.message,
    ...hint,
  };
}

function byRegex(text: string, offset: number): CallerTest['matches'] {
  const inner = /^\/(.+)\/$/.exec(text)?.[1];
  if (inner === undefined) throw new PartError("a regular expression ends with '/'", offset);
  try {
    const matches = compileRegex(inner);
    return ({ caller }) => matches(caller);
  } catch (thrown) {
    throw new PartError(asMusterError(thrown).message, offset);
  }
}

import type { Facts } from './inventory.ts';

interface Branch {
  [name: string]: string | Branch;
}

/**
 * The value of a fact by its name or path (`os.family`); of a path that has others below it (`os`) those as one JSON map; null when there is
 * neither. Pure. *Source:* MCollective and Choria, which give a map.
 */
export function factAt(facts: Facts, name: string): string | null {
  if (Object.hasOwn(facts, name)) return facts[name] ?? null;
  const prefix = `${name}.`;
  const below = Object.entries(facts).filter(([path]) => path.startsWith(prefix));
  if (below.length === 0) return null;
  const top = newBranch();
  for (const [path, value] of below.sort(([a], [b]) => (a < b ? -1 : 1)))
    put(top, path.slice(prefix.length).split('.'), value);
  return JSON.stringify(top);
}

/** Without a prototype: names are whatever a file says. */
function newBranch(): Branch {
  return Object.create(null);
}

function put(branch: Branch, path: readonly string[], value: string): void {
  const [first = '', ...rest] = path;
  const there = branch[first];
  if (rest.length === 0) branch[first] = value;
  // `a` and `a.b` are both facts: the second keeps its whole name.
  else if (typeof there === 'string') branch[path.join('.')] = value;
  else {
    const inner = there ?? newBranch();
    branch[first] = inner;
    put(inner, rest, value);
  }
}

import { MusterError } from '../../../core/errors.ts';
import { identityName } from '../../../core/names.ts';

/** Names one a line; empty lines and those that begin with # are left out. Throws USAGE that names place and line. Pure. */
export function namesOfLines(text: string, where: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const name = line.trim();
    return name === '' || name.startsWith('#') ? [] : [checkedName(name, `${where}:${index + 1}`)];
  });
}

/** A name of a node. Throws USAGE. Pure. */
export function checkedName(name: unknown, where: string): string {
  const parsed = identityName.safeParse(name);
  if (parsed.success) return parsed.data;
  const shown = typeof name === 'string' ? `'${name}'` : JSON.stringify(name);
  throw new MusterError(
    'USAGE',
    `${where}: ${shown} is no name of a node; expected ${parsed.error.issues[0]?.message}`,
  );
}

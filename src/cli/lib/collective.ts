import { asMusterError, MusterError } from '../../core/errors.ts';
import { word } from '../../core/names.ts';
import type { FilterOptions } from './ask-options.ts';

/** The collective of a request: the one that was typed, else `usual`. Throws USAGE for what is no name of one. Pure. */
export function collectiveOf({ target }: FilterOptions, usual: string): string {
  if (target === undefined) return usual;
  const parsed = word.safeParse(target);
  if (parsed.success) return parsed.data;
  throw new MusterError('USAGE', `--target is '${target}'; expected ${parsed.error.issues[0]?.message}`);
}

/**
 * Works in the collective that was typed. One that is not there and one where the caller may nothing look the same to the broker,
 * which speaks of its exchanges: throws USAGE that names the collective then. *Source:* mco refuses it as a wrong argument.
 */
export async function inCollective<T>({ target }: FilterOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const cause = asMusterError(thrown);
    if (target === undefined || cause.code !== 'BROKER_REFUSED') throw cause;
    throw new MusterError('USAGE', `there is no collective '${target}', or you may not ask anybody in it`, {
      ...{ cause, details: [cause.message] },
    });
  }
}

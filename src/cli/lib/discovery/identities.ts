import { MusterError } from '../../../core/errors.ts';
import type { Finder, Wanted } from './finder.ts';

/** The names after `-I`, whatever is known of them. Throws USAGE when there are none. */
export function identitiesFinder({ filter }: Wanted): Finder {
  if (filter.names.length === 0 || filter.names.length < filter.wire.identity.length)
    throw new MusterError('USAGE', '--dm identities needs names: -I NAME, and no regular expressions');
  return {
    method: 'identities',
    fixedS: null,
    find: async () => ({ names: filter.names, filtered: 'none', given: true }),
  };
}

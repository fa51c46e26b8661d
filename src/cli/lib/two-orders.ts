import { MusterError } from '../../core/errors.ts';
import { didYouMean } from '../../core/nearest.ts';

/** What was meant by two words of which one is an action. */
export interface Meant<A extends string> {
  readonly action: A;
  /** null for an action that is about nothing in particular. */
  readonly name: string | null;
}

/**
 * `NAME ACTION` and `ACTION NAME` are both habits: finds out which is which. An action in the first place wins, so that a package
 * named `status` is asked for with `status status`. `lone` are actions without a name. Throws USAGE. Pure.
 * *Source:* `mco service NAME restart`, and the older `mco service restart NAME`.
 */
export function twoOrders<A extends string>(
  words: readonly [string, string | undefined],
  {
    actions,
    lone,
    what,
  }: { readonly actions: readonly A[]; readonly lone: readonly A[]; readonly what: string },
): Meant<A> {
  const [first, second] = words;
  const action = actionIn(first, actions) ?? actionIn(second, actions);
  const name = action === first ? second : first;
  if (action === undefined) {
    const typed = words.filter((word) => word !== undefined);
    const hint = didYouMean(typed.at(-1) ?? '', actions);
    throw new MusterError(
      'USAGE',
      `'${typed.join(' ')}' names no action${hint}; expected one of ${actions.join(', ')}`,
    );
  }
  if (lone.includes(action)) {
    if (name === undefined) return { action, name: null };
    throw new MusterError('USAGE', `${action} takes no ${what}; '${name}' is too much`);
  }
  if (name === undefined) throw new MusterError('USAGE', `${action} which ${what}? e.g. ${action} NAME`);
  return { action, name };
}

function actionIn<A extends string>(word: string | undefined, actions: readonly A[]): A | undefined {
  return actions.find((action) => action === word);
}

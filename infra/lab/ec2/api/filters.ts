import { badValue, Refusal } from '../refusal.ts';
import type { Form } from './form.ts';
import { globMatches } from './glob.ts';

/** What a thing offers to one filter: all values that may match. undefined: EC2 knows no such filter. */
export type FilterValues<T> = (thing: T, filterName: string) => readonly string[] | undefined;

const MAX_VALUES = 200;

/**
 * Reads `Filter.N` into one predicate: every filter must match, by any one of its values.
 * *Source:* EC2 user guide, "Filter your resources".
 * @throws Refusal InvalidParameterValue (unknown filter), MissingParameter, FilterLimitExceeded
 */
export function readFilters<T>(
  form: Form,
  isKnown: (filterName: string) => boolean,
  valuesOf: FilterValues<T>,
): (thing: T) => boolean {
  const filters = form.children('Filter').map((filter) => {
    const name = filter.required('Name');
    const patterns = filter.list('Value');
    if (!isKnown(name)) throw badValue(`The filter '${name}' is invalid`);
    if (patterns.length === 0) throw new Refusal('MissingParameter', `The filter '${name}' has no value`);
    if (patterns.length > MAX_VALUES)
      throw new Refusal('FilterLimitExceeded', `The filter '${name}' has too many values`);
    return { name, patterns };
  });
  return (thing) =>
    filters.every(({ name, patterns }) =>
      (valuesOf(thing, name) ?? []).some((value) => patterns.some((pattern) => globMatches(pattern, value))),
    );
}

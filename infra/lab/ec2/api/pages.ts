import { badValue, Refusal } from '../refusal.ts';
import type { Form } from './form.ts';

const MIN_RESULTS = 5;
const MAX_RESULTS = 1000;

/** One page of an answer. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

/**
 * Cuts out the page that MaxResults and NextToken ask for; without MaxResults everything comes at once. A token holds
 * the key of the last item seen, so that an item that vanishes between two pages neither repeats nor hides another.
 * `keyOf` must rise along `items`.
 * @throws Refusal InvalidParameterValue (MaxResults out of 5..1000), InvalidNextToken
 */
export function cutPage<T>(form: Form, items: readonly T[], keyOf: (item: T) => number): Page<T> {
  const size = form.integer('MaxResults');
  if (size !== undefined && (size < MIN_RESULTS || size > MAX_RESULTS)) {
    throw badValue(
      `Value (${size}) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    );
  }
  const after = readToken(form.text('NextToken'));
  const rest = items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, size ?? rest.length);
  const last = page.at(-1);
  const isCut = page.length < rest.length && last !== undefined;
  return { items: page, nextToken: isCut ? writeToken(keyOf(last)) : undefined };
}

function writeToken(key: number): string {
  return Buffer.from(`after ${key}`).toString('base64url');
}

function readToken(token: string | undefined): number {
  if (token === undefined || token === '') return -1;
  const match = /^after (\d{1,15})$/.exec(Buffer.from(token, 'base64url').toString());
  if (!match) throw new Refusal('InvalidNextToken', 'The specified NextToken is not valid.');
  return Number(match[1]);
}

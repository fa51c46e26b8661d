import type { AskReply } from '../../../bus/ask.ts';
import { MusterError } from '../../../core/errors.ts';
import { orCaret } from '../../../core/filter/compile.ts';
import { dataCalls, evaluate } from '../../../core/filter/evaluate.ts';
import { parseFilter } from '../../../core/filter/parse.ts';

const QUOTED = /("[^"]*"|'[^']*')/;
const DATA_CALL = /\bdata\(\s*("[^"]*"|'[^']*')\s*\)/g;

/**
 * Says which replies count: `ok and data.count>3`, `code!=0`, `msg=~/denied/`, or as Choria writes it: `ok() && data("count") > 3`.
 * It is the language of filters, with `code`, `msg`, `sender` and `data.…` as facts and `ok` or `failed` as class.
 * Throws USAGE with a caret under the place. Pure. *Source:* Choria's `--filter-replies`.
 */
export function replyFilter(text: string): (reply: AskReply<unknown>) => boolean {
  const plain = inOurWords(text);
  const filter = orCaret('reply filter', plain, () => parseFilter(plain));
  const [call] = dataCalls(filter);
  if (call !== undefined)
    throw new MusterError('USAGE', `reply filter: there is no function '${call.name}' of replies`, {
      details: ['write ok, failed, code, msg, sender or data.NAME'],
    });
  return (reply) => {
    const { identity, status, message, data, failedData } = reply;
    const values = flat('data', data ?? failedData ?? {});
    const facts = { code: String(status), msg: message, sender: identity, ...values };
    const classes = [status === 0 ? 'ok' : 'failed'];
    return evaluate(filter, { identity, facts, classes, agents: new Set<string>() }) === true;
  };
}

/** Choria's functions of replies in the words of our filters; what stands in quotes is left alone. */
function inOurWords(text: string): string {
  const parts = text.split(QUOTED);
  const outside = (part: string) =>
    part.replaceAll(/\bok\(\s*\)/g, 'ok').replaceAll(/\b(sender|msg|code)\(\s*\)/g, "fact('$1')");
  // Every second part is what stands in quotes.
  return parts
    .map((part, index) => (index % 2 === 0 ? outside(part) : part))
    .join('')
    .replaceAll(DATA_CALL, (_, quote: string) => `fact('data.${quote.slice(1, -1)}')`);
}

/** Nested values by path; lists as JSON too, for `include()`. */
function flat(path: string, value: unknown): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object') return { [path]: String(value) };
  const inner = Object.entries(value).map(([key, one]) => flat(`${path}.${key}`, one));
  return Object.assign(Array.isArray(value) ? { [path]: JSON.stringify(value) } : {}, ...inner);
}

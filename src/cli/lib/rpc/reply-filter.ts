import type { AskReply } from '../../../bus/ask.ts';
import { MusterError } from '../../../core/errors.ts';
import { dataCalls, evaluate } from '../../../core/filter/evaluate.ts';
import { orCaret } from '../../../core/filter/compile.ts';
import { parseFilter } from '../../../core/filter/parse.ts';

const QUOTED = /"[^"]*"|'[^']*'/g;

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
    const { identity, status, message, data } = reply;
    const facts = { code: String(status), msg: message, sender: identity, ...flat('data', data ?? {}) };
    const classes = [status === 0 ? 'ok' : 'failed'];
    return evaluate(filter, { identity, facts, classes, agents: new Set<string>() }) === true;
  };
}

/** Choria's functions of replies in the words of our filters. */
function inOurWords(text: string): string {
  const quotes = text.match(QUOTED) ?? [];
  const bare = text.replaceAll(QUOTED, '\0');
  const ours = bare
    .replaceAll(/\bok\(\s*\)/g, 'ok')
    .replaceAll(/\b(sender|msg|code)\(\s*\)/g, "fact('$1')")
    .replaceAll(/\bdata\(\s*\0\s*\)/g, '\x01');
  return ours.replaceAll(/[\0\x01]/g, (sign) => {
    const quote = quotes.shift() ?? '';
    return sign === '\0' ? quote : `fact('data.${quote.slice(1, -1)}')`;
  });
}

/** Nested values by path; lists as JSON too, for `include()`. */
function flat(path: string, value: unknown): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object') return { [path]: String(value) };
  const inner = Object.entries(value).map(([key, one]) => flat(`${path}.${key}`, one));
  return Object.assign(Array.isArray(value) ? { [path]: JSON.stringify(value) } : {}, ...inner);
}

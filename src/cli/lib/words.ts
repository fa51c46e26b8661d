import { MusterError } from '../../core/errors.ts';

const WORD = /(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs;

/**
 * The words of a text as a shell would split them, quotes taken off; nothing is expanded. Throws USAGE for a quote without end. Pure.
 */
export function words(text: string): string[] {
  const rest = text.replaceAll(WORD, '').trim();
  if (rest !== '') throw new MusterError('USAGE', `'${text}': a quote is not closed`);
  return (text.match(WORD) ?? []).map((word) =>
    word.replaceAll(
      /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
      (_, single, double, escaped) => single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped,
    ),
  );
}

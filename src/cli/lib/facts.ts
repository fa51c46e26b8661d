import { MusterError } from '../../core/errors.ts';

/** `name=value` texts as a map. Throws USAGE that names the text and what it should be. Pure. */
export function parseFacts(texts: readonly string[], what = 'fact'): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new MusterError('USAGE', `'${text}' is no ${what}; expected name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

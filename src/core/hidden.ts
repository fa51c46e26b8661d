import { redact } from './redact.ts';

/** Shorter ones would tear holes into every text. */
const LEAST_CHARS = 4;
const MASK = '[redacted]';

/**
 * The texts in a value that redaction by name or form takes out of it: the secrets of the options of a plug-in, to be
 * kept out of what the plug-in says. Pure.
 */
export function hiddenTexts(value: unknown): readonly string[] {
  return [...new Set(differences(value, redact(value)))].filter((text) => text.length >= LEAST_CHARS);
}

/** A text without these secrets. Pure. */
export function withoutTexts(text: string, secrets: readonly string[]): string {
  // The longest first: one may be a part of another.
  return [...secrets]
    .sort((a, b) => b.length - a.length)
    .reduce((now, secret) => now.replaceAll(secret, MASK), text);
}

function differences(value: unknown, shown: unknown): string[] {
  if (typeof value === 'string') return value === shown ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  const [parts, shownParts] = [Object.entries(value), new Map(Object.entries(Object(shown)))];
  return parts.flatMap(([name, part]) => differences(part, shownParts.get(name)));
}

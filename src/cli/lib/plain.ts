import { stripVTControlCharacters } from 'node:util';

/** All that can drive a terminal, but the ends of lines and tabs. */
const CONTROL = /[^\P{Cc}\n\t]/gu;
/** Of these JSON escapes the first 32 by itself; a terminal obeys the others, too. */
const BEYOND_JSON = /[\u007f-\u009f]/g;

/** A text of somebody else for a terminal: without sequences that drive it; other control characters become `?`. Pure. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(CONTROL, '?');
}

/** What a node gave, all texts and names in it as {@link plain} makes them; a copy. Pure. */
export function plainIn<T>(given: T): T {
  const copy = structuredClone({ given });
  clean(copy);
  return copy.given;
}

/** JSON that is safe to be looked at, and says the same. Pure. */
export function jsonText(document: unknown, indent?: number): string {
  return JSON.stringify(document, null, indent).replaceAll(
    BEYOND_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function clean(part: object): void {
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'object' && value !== null) clean(value);
    const name = plain(key);
    if (name !== key) Reflect.deleteProperty(part, key);
    if (name !== key || typeof value === 'string')
      Reflect.set(part, name, typeof value === 'string' ? plain(value) : value);
  }
}

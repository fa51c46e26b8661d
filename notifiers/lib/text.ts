/**
 * Text that is safe on a terminal, in XML and in a mail: control characters other than line feed and tab (escape
 * sequences that a node's output may hold), lone surrogates and noncharacters become U+FFFD. Pure.
 */
export function plainText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replace(/[^\P{Cc}\n\t]|[\uFFFE\uFFFF]/gu, '\uFFFD');
}

/** The same on one line, for a subject. Pure. */
export function plainLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim();
}

/** Control characters other than tab and line feed: they could steer the terminal of whoever reads. */
const CONTROL = /[^\P{Cc}\t\n]/gu;

/** A text of the node as it may be shown to people: no control characters, at most `maxChars`, its cut end marked. Pure. */
export function plainText(text: string, maxChars: number): string {
  const plain = text.replaceAll('\r\n', '\n').replaceAll(CONTROL, '?');
  return plain.length > maxChars ? `${plain.slice(0, maxChars - 1)}…` : plain;
}

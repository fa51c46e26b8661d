/**
 * Does `text` match an EC2 filter value? `*` is any run of characters, `?` is one, a backslash takes the next as it is.
 * Linear in practice: only the last `*` is ever tried again, so no pattern from outside can make it run away.
 */
export function globMatches(pattern: string, text: string): boolean {
  const parts = parse(pattern);
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted === ANY_RUN) {
      star = part;
      starAt = at;
      part += 1;
    } else if (wanted !== undefined && (wanted === ANY_ONE || wanted === text[at])) {
      at += 1;
      part += 1;
    } else if (star >= 0) {
      part = star + 1;
      starAt += 1;
      at = starAt;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((rest) => rest === ANY_RUN);
}

const ANY_RUN = Symbol('*');
const ANY_ONE = Symbol('?');

function parse(pattern: string): Array<string | symbol> {
  const parts: Array<string | symbol> = [];
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern.charAt(index);
    if (char === '\\' && index + 1 < pattern.length) {
      index += 1;
      parts.push(pattern.charAt(index));
    } else {
      parts.push(char === '*' ? ANY_RUN : char === '?' ? ANY_ONE : char);
    }
  }
  return parts;
}

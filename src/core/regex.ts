import { RE2JS, RE2JSSyntaxException } from 're2js';
import { MusterError } from './errors.ts';

const MAX_CHARS = 500;
/** Instructions: time of a search is bounded by these times the length of the text. */
const MAX_SIZE = 5000;
const SHOWN_CHARS = 60;
const NOT_RE2 = /\(\?<?[=!]|\\[1-9]/;

/**
 * Compiles a regular expression (RE2's syntax, without slashes around it, found anywhere in the text) into a test whose
 * time is linear in the length of the text: texts come from nodes, expressions from people. No look-around, no back
 * references. Throws USAGE that names the expression and what is wrong with it.
 * *Source:* RE2, https://github.com/google/re2/wiki/Syntax.
 */
export function compileRegex(pattern: string): (text: string) => boolean {
  if (pattern.length > MAX_CHARS) throw bad(pattern, `longer than ${MAX_CHARS} characters`);
  const regex = compiled(pattern);
  if (regex.programSize() > MAX_SIZE) throw bad(pattern, 'too large when its repetitions are written out');
  return (text) => regex.test(text);
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    if (!(thrown instanceof RE2JSSyntaxException)) throw thrown;
    const part = thrown.getPattern() ?? '';
    const problem = part === '' || part === pattern ? thrown.error : `${thrown.error} '${shown(part)}'`;
    throw bad(
      pattern,
      NOT_RE2.test(pattern) ? `${problem}; look-around and back references are not known here` : problem,
    );
  }
}

function bad(pattern: string, problem: string): MusterError {
  return new MusterError('USAGE', `regular expression /${shown(pattern)}/: ${problem}`);
}

function shown(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

import { withoutTexts } from '../../src/core/hidden.ts';
import type { Log } from '../../src/core/log.ts';
import { redactText } from '../../src/core/redact.ts';
import type { ProgramEnd } from '../program.ts';

const MAX_LINES = 100;
const MAX_LINE_CHARS = 1000;

/** Lines that are not empty, without what is secret, none too long. Pure. */
export function outputLines(text: string, secrets: readonly string[]): string[] {
  return withoutTexts(redactText(text), secrets)
    .split('\n')
    .map((line) => line.trimEnd().slice(0, MAX_LINE_CHARS))
    .filter((line) => line !== '');
}

/**
 * What a program said, into the log line by line: standard output as information, standard error as errors; the first hundred
 * of each. *Source:* Choria's external agents.
 */
export function logOutput(
  { stdout, stderr }: Pick<ProgramEnd, 'stdout' | 'stderr'>,
  { log, secrets }: { log: Log; secrets: readonly string[] },
): void {
  const tell = (level: 'info' | 'error', text: string, message: string) => {
    const lines = outputLines(text, secrets);
    for (const line of lines.slice(0, MAX_LINES)) log[level]({ line }, message);
    if (lines.length > MAX_LINES)
      log.warn({ lines: lines.length - MAX_LINES }, 'more was said, which is left out');
  };
  tell('info', stdout, 'an external agent says');
  tell('error', stderr, 'an external agent complains');
}

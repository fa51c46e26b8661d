import { stripVTControlCharacters, styleText } from 'node:util';
import { ERROR_CODES } from '../../core/error-codes.ts';
import { asMusterError, type MusterError } from '../../core/errors.ts';
import { jsonText, plain } from './plain.ts';
import { STOP_EXIT, stoppedBy } from './stop.ts';

type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

/** Colours a text for standard output: only as help, never on a pipe or with NO_COLOR. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Prints one line on standard output. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints one JSON document on standard output. */
export function sayJson(document: unknown): void {
  say(jsonText(document, 2));
}

/** A table: columns as wide as their widest cell, two spaces between. Cells may hold colours. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => printedWidth(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cutToTerminal(
      cells
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  return [paint('bold', line(head)), ...rows.map(line)].join('\n');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - printedWidth(cell)));
}

function printedWidth(cell: string): number {
  return stripVTControlCharacters(cell).length;
}

/** Cuts a line that is wider than the terminal, its end marked; elsewhere lines are never cut. */
function cutToTerminal(line: string): string {
  const columns = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
  if (printedWidth(line) <= columns) return line;
  // Without colours, because a cut in the middle of their codes would confuse the terminal.
  return `${stripVTControlCharacters(line).slice(0, columns - 1)}…`;
}

/** Seconds with one decimal, minutes above 100 s, hours above 100 min: `12.3 s`, `4 min`, `2 h`. */
export function showMs(ms: number): string {
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 6_000_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** Prints an error as people read it: code, message, last lines, what to do next (`command`: the one they typed). Gives the exit code. */
export function reportError(
  thrown: unknown,
  { json, command = null }: { json: boolean | 'line'; command?: string | null },
): number {
  const error = asMusterError(thrown);
  if (json !== false) sayErrorJson(error, command, json === 'line');
  process.stderr.write(`${describeError(error, nextStep(error, command))}\n`);
  const stopped = error.code === 'INTERRUPTED' ? stoppedBy() : null;
  return stopped === null ? ERROR_CODES[error.code].exit : STOP_EXIT[stopped];
}

/** Prints an error as the one JSON document of a command that failed, or as a `line` of JSON among others. */
export function sayErrorJson(error: MusterError, command: string | null, line = false): void {
  const { code, message, details } = error;
  const document = { error: { code, message, details, next: nextStep(error, command) } };
  if (line) say(jsonText({ kind: 'error', ...document }));
  else sayJson(document);
}

function nextStep({ code }: MusterError, command: string | null): string {
  return ERROR_CODES[code].next.replace('COMMAND', command ?? 'COMMAND');
}

function describeError(error: MusterError, next: string): string {
  const lines = plain(error.message).split('\n');
  const head = `muster: ${error.code}: ${lines.join('\n  ')}`;
  const trace =
    error.code === 'INTERNAL' && process.env.MUSTER_TRACE !== undefined ? [String(error.stack)] : [];
  return [head, ...error.details.map((line) => `  ${plain(line)}`), ...trace, `  next: ${next}`].join('\n');
}

import { fstatSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { MusterError } from '../../../core/errors.ts';
import type { Finder } from './finder.ts';
import { checkedName, namesOfLines } from './names.ts';

const WHERE = 'standard input';
const PATIENCE_MS = 1000;

/** The names that a text gives: one a line, or what an earlier command printed with `--json` or `--jsonl`. */
export function stdinFinder(given: string): Finder {
  const names = namesIn(given);
  return { method: 'stdin', fixedS: null, find: async () => ({ names, filtered: 'none', given: true }) };
}

/** Does another command write to us? Files and terminals do not count: a loop of a shell reads those. */
export function isPiped(): boolean {
  try {
    return fstatSync(0).isFIFO();
  } catch {
    return false;
  }
}

/** All of standard input; says after a second what it waits for. */
export async function readStdin(): Promise<string> {
  const timer = setTimeout(
    () => process.stderr.write('waiting for names on standard input; </dev/null does without\n'),
    PATIENCE_MS,
  );
  try {
    return await text(process.stdin);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Names one a line, or of the nodes that answered well in a JSON document or lines of JSON. Throws USAGE when it is neither, or
 * when the earlier command failed. Pure.
 */
export function namesIn(given: string): string[] {
  const start = given.trim();
  if (!start.startsWith('{') && !start.startsWith('[')) return namesOfLines(given, WHERE);
  const whole = parsed(start);
  if (whole !== undefined) return [...new Set(namesOf(whole))];
  const lines = start.split('\n').map(parsed);
  if (lines.includes(undefined)) throw new MusterError('USAGE', `${WHERE}: neither names nor JSON`);
  return [...new Set(lines.flatMap(namesOf))];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Of `rpc`, `find`, `facts`, `inventory` and the like; of MCollective and Choria too. Lines of other kinds name nobody. */
function namesOf(document: unknown): string[] {
  if (typeof document === 'string') return [checkedName(document, WHERE)];
  if (Array.isArray(document)) return document.flatMap(namesOf);
  const { error, sender, statuscode = 0, replies, nodes, node, values } = Object(document);
  if (error !== undefined)
    throw new MusterError('USAGE', `the earlier command failed: ${String(Object(error).message ?? error)}`);
  if (sender !== undefined) return statuscode === 0 ? [checkedName(sender, WHERE)] : [];
  return [replies, nodes, node, values].flatMap((part) => (part === undefined ? [] : namesOf(part)));
}

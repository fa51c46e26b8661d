import { z } from 'zod';
import type { AskReply } from '../../../bus/ask.ts';
import type { DdlAction } from '../../../core/ddl.ts';
import { paint } from '../output.ts';
import { jsonText, plain } from '../plain.ts';

/** Which replies a person wants to see; `ddl`: as the action says. */
export type Display = 'ddl' | 'ok' | 'failed' | 'all' | 'none';

const STATUS_WORDS = [
  '',
  'Request Aborted',
  'Unknown Action',
  'Missing Request Data',
  'Invalid Request Data',
  'Unknown Request Status',
];
/** Longest value that stands beside its name. */
const INLINE_CHARS = 60;

/**
 * One node's reply as `mco rpc` prints it: a block for each reply that is to be seen. Failures are seen whatever the action says,
 * unless `display` leaves them out; with `verbose` everything is seen, as it came. Pure. *Source:* MCollective's RPC helpers.
 */
export function replyLines(
  spec: Pick<DdlAction, 'display' | 'output'> | undefined,
  reply: AskReply<unknown>,
  { display = 'ddl', verbose = false }: { display?: Display; verbose?: boolean } = {},
): string[] {
  const failed = reply.status !== 0;
  if (!verbose && !isSeen(failed, display, spec?.display ?? 'always')) return [];
  const word = paint('red', STATUS_WORDS[reply.status] ?? 'Unknown Request Status');
  const head = failed ? `${reply.identity.padEnd(40)} ${word}` : reply.identity;
  if (verbose) return [head, ...indented(jsonText(rawReply(reply), 2), '   '), ''];
  if (failed) return [head, ...indented(plain(reply.message), '   '), ''];
  return [head, ...valueLines(spec?.output, Object(reply.data ?? {})), ''];
}

/** Values with their names before them, right-justified. Pure. */
function valueLines(
  output: DdlAction['output'] | undefined,
  data: Readonly<Record<string, unknown>>,
): string[] {
  const values = Object.entries(data).map(([key, value]) => [displayName(output, key), value] as const);
  const width = Math.max(0, ...values.map(([name]) => name.length));
  return values.flatMap(([name, value]) => {
    const [first = '', ...more] = showValue(value);
    return [
      `   ${name.padStart(width)}: ${first}`,
      ...more.map((line) => `   ${' '.repeat(width)}  ${line}`),
    ];
  });
}

/** The name of an output as people read it. Pure. */
export function displayName(output: DdlAction['output'] | undefined, key: string): string {
  const field = output !== undefined && Object.hasOwn(output.shape, key) ? output.shape[key] : undefined;
  const meta = field === undefined ? undefined : z.globalRegistry.get(field);
  return plain(typeof meta?.display_as === 'string' ? meta.display_as : key);
}

/** A reply as Choria's JSON has it, with what a failed one has to show. */
export function rawReply(reply: AskReply<unknown>): {
  sender: string;
  statuscode: number;
  statusmsg: string;
  data: unknown;
} {
  const { identity, status, message, data, failedData } = reply;
  return { sender: identity, statuscode: status, statusmsg: message, data: data ?? failedData ?? {} };
}

/** A value in the lines of a block. Texts of nodes lose their control characters. Pure. */
export function showValue(value: unknown): string[] {
  if (typeof value === 'string') return plain(value).split('\n');
  if (typeof value !== 'object' || value === null) return [String(value)];
  const short = plain(JSON.stringify(value));
  return short.length <= INLINE_CHARS ? [short] : plain(JSON.stringify(value, null, 2)).split('\n');
}

function isSeen(failed: boolean, display: Display, declared: DdlAction['display']): boolean {
  if (display === 'ddl') return failed || declared !== 'failed';
  if (display === 'all' || display === 'none') return display === 'all';
  return failed === (display === 'failed');
}

function indented(text: string, by: string): string[] {
  return text.split('\n').map((line) => `${by}${line}`);
}

import { z } from 'zod';
import type { AskReply } from '../../bus/ask.ts';
import { unwrap } from '../../core/config/explain.ts';
import type { Ddl, DdlSchema } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';
import { secretFieldsOf } from '../../core/secret-fields.ts';
import { paint } from './output.ts';

const STATUS_WORDS = [
  '',
  'Request Aborted',
  'Unknown Action',
  'Missing Request Data',
  'Invalid Request Data',
  'Unknown Request Status',
];

/** Texts of the command line as the types that the DDL asks for. Throws USAGE that names the input. Pure. */
export function typedInput(
  schema: DdlSchema,
  texts: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const secrets = secretFieldsOf(schema);
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => {
      const field = schema.shape[key];
      if (field === undefined) {
        const known = Object.keys(schema.shape).join(', ') || 'none';
        throw new MusterError('USAGE', `there is no input '${key}'; known inputs: ${known}`);
      }
      return [key, typed(key, text, unwrap(field), secrets.includes(key) ? '[redacted]' : text)];
    }),
  );
}

function typed(key: string, text: string, type: z.core.$ZodType, shown: string): unknown {
  if (type instanceof z.ZodNumber) {
    const number = Number(text);
    if (text.trim() === '' || Number.isNaN(number))
      throw new MusterError('USAGE', `'${key}' is '${shown}'; expected a number`);
    return number;
  }
  if (type instanceof z.ZodBoolean) {
    if (text !== 'true' && text !== 'false')
      throw new MusterError('USAGE', `'${key}' is '${shown}'; expected true or false`);
    return text === 'true';
  }
  return text;
}

/** One node's reply as `mco rpc` prints it: only what the action's display asks for. */
export function replyLines(ddl: Ddl, action: string, reply: AskReply<unknown>): string[] {
  const spec = ddl.actions[action];
  if (reply.status !== 0) {
    const word = STATUS_WORDS[reply.status] ?? 'Unknown Request Status';
    return [`${reply.identity.padEnd(40)} ${paint('red', word)}`, `   ${reply.message}`, ''];
  }
  if (spec === undefined || spec.display === 'failed') return [];
  const values = Object.entries((reply.data ?? {}) as Record<string, unknown>).map(
    ([key, value]) => [displayName(spec.output, key), show(value)] as const,
  );
  const width = Math.max(0, ...values.map(([name]) => name.length));
  return [reply.identity, ...values.map(([name, value]) => `   ${name.padStart(width)}: ${value}`), ''];
}

function displayName(output: DdlSchema, key: string): string {
  const field = output.shape[key];
  const meta = field === undefined ? undefined : z.globalRegistry.get(field);
  return typeof meta?.display_as === 'string' ? meta.display_as : key;
}

function show(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

import { createHash } from 'node:crypto';
import type { DdlSchema } from './ddl.ts';
import { secretFieldsOf } from './secret-fields.ts';

const HASH_DIGITS = 16;
const MAX_DEPTH = 12;
const DEEPER = '[redacted: nested too deep]';

/** Names of fields whose value is a secret, whatever it looks like and wherever the name stands. */
const SECRET_NAME =
  /^(?:.*[_.-])?(?:token|password|passwd|passcode|passphrase|secret|private_?key|key_?pem|api_?key|credentials?)$/i;
/** Names that are whole words of ours: the key of a log field, the documents of EC2 and their signatures. */
const SECRET_WORD = /^(?:key|document|identity_document|identity_rsa2048|identity_signature|pkcs7|rsa2048)$/i;
const CAMEL = /(?<=[a-z0-9])(?=[A-Z])/g;

const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----|$)/g;
const TYPES: readonly (readonly [string, RegExp])[] = [
  ['private key', PRIVATE_KEY],
  ['CMS message', /-----BEGIN (?:PKCS7|CMS)-----[\s\S]*?(?:-----END (?:PKCS7|CMS)-----|$)/g],
  ['signed token', /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){1,3}/g],
  ['AWS secret', /\b(?:aws_?secret_?access_?key|aws_?session_?token)\b["']?\s*[:=]\s*["']?[\w/+=-]{16,}/gi],
];
/** A flat JSON map; it is EC2's instance identity document when it names an instance and what else only that holds. */
const FLAT_MAP = /\{[^{}]*\}/g;
const NAMES_INSTANCE = /"instanceId\\*"/;
const NAMES_MORE = /"(?:accountId|pendingTime|imageId|privateIp)\\*"/;

/**
 * A text without what is secret by its form: private keys, instance identity documents, signed tokens, CMS messages.
 * In their place stands the kind and the beginning of its SHA-256, so that two can be compared. Pure.
 */
export function redactText(text: string): string {
  if (text.length < 16) return text;
  const typed = TYPES.reduce(
    (now, [kind, shape]) => now.replace(shape, (secret) => hidden(kind, secret)),
    text,
  );
  return typed.replace(FLAT_MAP, (found) =>
    NAMES_INSTANCE.test(found) && NAMES_MORE.test(found) ? hidden('identity document', found) : found,
  );
}

/**
 * A copy of any value in which no secret is left: fields with the name of a secret, and in all texts what
 * {@link redactText} hides. Errors become type, message and stack. Never throws; cycles end as "nested too deep". Pure.
 */
export function redact(value: unknown): unknown {
  return walk(value, 0);
}

/** {@link redact} for a record: what a log line or the input of an action is. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return walkFields(fields, 0);
}

/**
 * The input of an action as it may be kept: fields in which the DDL marks something with `.meta({ secret: true })` are hidden, those
 * that it does not declare too, and the rest is redacted by type. Pure.
 */
export function redactInput(
  schema: DdlSchema,
  data: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const declared = (name: string) => (Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined);
  const secrets = secretFieldsOf(schema);
  const stray = Object.entries(data).filter(([name]) => declared(name) === undefined);
  const kept = Object.entries(data).flatMap(([name, value]): [string, unknown][] => {
    const field = declared(name);
    if (field === undefined) return [];
    // Not even a hash: a password could be guessed by it.
    return [[name, secrets.includes(name) ? '[redacted]' : walkField(name, value, 1)]];
  });
  // Names too: somebody may have written a value where a name belongs.
  const undeclared = stray.length === 0 ? [] : [['undeclared', hideValue('not in the DDL', stray)]];
  return Object.fromEntries([...kept, ...undeclared]);
}

/** A value that nothing is known about: only its kind and the beginning of the SHA-256 of its JSON. Pure. */
export function hideValue(kind: string, value: unknown): string {
  return hidden(kind, JSON.stringify(value) ?? String(value));
}

function walk(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return DEEPER;
  if (value instanceof Error) return walkError(value, depth);
  if (ArrayBuffer.isView(value))
    return hidden('bytes', Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => walk(item, depth + 1));
  return walkFields(value as Record<string, unknown>, depth);
}

function walkError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: walk(error.cause, depth + 1) };
  const { name, message, stack = '' } = error;
  return { type: name, ...code, message: redactText(message), stack: redactText(stack), ...cause };
}

function walkFields(fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [redactText(name), walkField(name, value, depth + 1)]),
  );
}

function walkField(name: string, value: unknown, depth: number): unknown {
  const isText = typeof value === 'string' || ArrayBuffer.isView(value);
  const plain = name.replaceAll(CAMEL, '_');
  const secret = SECRET_NAME.test(plain) || SECRET_WORD.test(plain);
  return secret && isText && value !== '' ? '[redacted]' : walk(value, depth);
}

function hidden(kind: string, secret: string | Uint8Array): string {
  return `[${kind}, sha256 ${createHash('sha256').update(secret).digest('hex').slice(0, HASH_DIGITS)}]`;
}

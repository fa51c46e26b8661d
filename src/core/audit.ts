import { z } from 'zod';
import { identityName, word } from './names.ts';

/** Longest line of an audit, in characters. */
export const MAX_AUDIT_LINE_CHARS = 32 * 1024;
/** Most lines in one event. */
export const MAX_AUDIT_LINES = 200;

/** A fixed reason word, e.g. `SIGNATURE`. */
const reasonWord = z.string().regex(/^[A-Z][A-Z0-9_]{0,40}$/);
/** How many alike the line is about. */
const count = z.number().int().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What ties a line to the one before: a number that grows by one, that line's hash, and the hash of this line. */
const chained = { seq: z.number().int().min(1), prev: sha256, hash: sha256 };
const stamped = { ...chained, timestamp: z.iso.datetime({ offset: true }) };
const called = {
  request_id: z.string().max(64),
  /** `cert=<common name>`. */
  caller: z.string().max(300),
  collective: word,
  agent: word,
  action: word,
};

/**
 * One line of the audit of a node, or of a controller. *Source:* Choria's audit line (timestamp in microseconds with offset, request_id,
 * request_time in seconds, caller, sender, agent, action, data), with what it leaves out: verdict, policy, outcome, chain.
 */
export const AuditLine = z.discriminatedUnion('kind', [
  /** Written and synced before the action runs; refusals too. */
  z.strictObject({
    ...stamped,
    kind: z.literal('decision'),
    ...called,
    request_time: z.number().int(),
    sender: z.string().max(300),
    role: z.string().max(20),
    /** Without secrets. */
    data: z.record(z.string(), z.unknown()),
    verdict: z.enum(['allow', 'deny']),
    /** Policy file and line that decided. */
    policy: z.string().max(1000),
    reason: z.string().max(1000),
  }),
  /** How an allowed request, or an operation, ended. */
  z.strictObject({
    ...stamped,
    kind: z.literal('outcome'),
    ...called,
    collective: word.optional(),
    status: z.number().int().min(0).max(5),
    code: z.string().max(64).nullable(),
    took_ms: z.number().int(),
  }),
  /**
   * Messages that a node refused before its policy was asked: the first of a reason at once, the others of the same
   * minute in one line. Nothing of what was sent is in it but the name in a certificate of ours.
   */
  z.strictObject({
    ...stamped,
    kind: z.literal('refused'),
    verdict: z.literal('refused'),
    reason: reasonWord,
    count,
    /** From the verified certificate of the first one; null when none was verified. */
    sender: z.string().max(300).nullable(),
    /** Where it arrived. */
    collective: word,
    aud: z.string().max(300),
  }),
  /**
   * What a controller decided, or an operator did by a command. Written before it is done. Only controllers and commands
   * write it, straight into the store: one that comes from a node is none.
   */
  z.strictObject({
    ...stamped,
    kind: z.literal('operation'),
    request_id: z.string().max(64),
    request_time: z.number().int(),
    caller: z.string().max(300),
    sender: z.string().max(300),
    role: z.string().max(20),
    /** What it belongs to, e.g. `hello`, `ca`, `quarantine`, `run`. */
    agent: word,
    action: word,
    /** Whom it is about: a node, a caller, a run. */
    subject: z.string().max(300),
    data: z.record(z.string(), z.unknown()),
    verdict: z.enum(['allow', 'deny']),
    /** The reason word of a refusal, or what an operator gave as reason. */
    reason: z.string().max(1000),
    count,
  }),
  /** The audit itself: it went on behind a line that was written in part. */
  z.strictObject({ ...stamped, kind: z.literal('recovered') }),
]);
export type AuditLine = z.output<typeof AuditLine>;

/** A line before it is chained and stamped. */
export type AuditEntry = AuditLine extends infer L
  ? L extends AuditLine
    ? Omit<L, 'seq' | 'prev' | 'hash' | 'timestamp'>
    : never
  : never;

/** A line as the controllers keep it, with the node whose certificate it came with, or the controller or operator who wrote it. */
export const KeptAuditLine = z.strictObject({ node: identityName, line: AuditLine });
export type KeptAuditLine = z.output<typeof KeptAuditLine>;

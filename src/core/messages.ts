import { z } from 'zod';
import { MAX_AUDIT_LINE_CHARS, MAX_AUDIT_LINES } from './audit.ts';
import { identityName, word } from './names.ts';

/** How a fact may be compared in a plain filter; `=~` and `!~` compare a regular expression. */
export const FACT_OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '=~', '!~'] as const;

/** Largest body of any message, in bytes; more is dropped before it is parsed. */
export const MAX_MESSAGE_BYTES = 512 * 1024;
/**
 * Most that all facts of a node take as JSON, in bytes: of {@link MAX_MESSAGE_BYTES}, signed and encrypted (twice base64), a third stays
 * for classes and the rest of a registration or an inventory.
 */
export const MAX_FACTS_BYTES = 192 * 1024;
/** Most classes that a registration names. */
export const MAX_CLASSES = 5000;
/** Longest name of a class. */
export const MAX_CLASS_CHARS = 300;
/** Largest hello, in bytes. */
export const MAX_HELLO_BYTES = 32 * 1024;
/** Of them for facts: a hello is base64 of base64, and has to hold document, keys and request, too. */
export const MAX_HELLO_FACTS_BYTES = 10 * 1024;

const facts = z.record(z.string().max(200), z.string().max(8192));
const stamp = { v: z.literal(1), iat_ms: z.number().int(), ttl_s: z.number().int().min(1).max(3600) };

/**
 * What is not fixed of a GetCallerIdentity request that the node signed with the credentials of its role. No secret of
 * them is in it, and the signature covers the keys of the hello.
 */
export const StsProof = z.strictObject({
  /** `x-amz-date`. */
  date: z.string().regex(/^\d{8}T\d{6}Z$/),
  access_key_id: z.string().regex(/^[A-Z0-9]{16,128}$/),
  session_token: z.string().regex(/^[\x21-\x7e]{1,4096}$/),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
});
export type StsProof = z.output<typeof StsProof>;

/** What an unprovisioned daemon says until it is answered. Signed by the bus key inside it, encrypted to the controller. */
export const Hello = z.strictObject({
  ...stamp,
  typ: z.literal('hello'),
  group: word,
  token: z.string().max(512),
  instance_id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  /** 128 random bits, hex: makes each hello unique; the answer repeats it. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  boot_id: z.string().max(64),
  version: z.string().max(64),
  /** SPKI PEM of the key that signs bus messages. */
  bus_public_key: z.string().max(2048),
  /** PEM of Puppet's signing request, made before the first word. */
  puppet_csr: z.string().max(8192),
  facts,
  /** EC2's instance identity document and its RSA-2048 CMS signature, as IMDS gave them. */
  identity_document: z.string().max(8192).optional(),
  identity_rsa2048: z.string().max(8192).optional(),
  /** Where the instance has a role. */
  sts_proof: StsProof.optional(),
});
export type Hello = z.output<typeof Hello>;

/** Reason of an answer to a hello that is too old or too new: `iat_ms` of the answer is the time. */
export const CLOCK = 'CLOCK';

/** The controller's word to a hello: signed by the controller, encrypted to the node's bus key. */
export const HelloAnswer = z.discriminatedUnion('accepted', [
  z.strictObject({
    ...stamp,
    typ: z.literal('hello_answer'),
    accepted: z.literal(true),
    nonce: z.string(),
    run: z.string(),
    identity: identityName,
    certificate: z.string().max(8192),
    collective: word,
  }),
  z.strictObject({
    ...stamp,
    typ: z.literal('hello_answer'),
    accepted: z.literal(false),
    nonce: z.string(),
    reason: z.string().max(64),
    retry_in_s: z.number().int().min(1),
  }),
]);
export type HelloAnswer = z.output<typeof HelloAnswer>;

const pattern = z.string().regex(/^\/.{1,500}\/$/, 'a regular expression between slashes');
const named = (name: z.ZodString) => z.array(z.union([name, pattern]));

/**
 * Which nodes a request is for. All kinds must match; several identities are alternatives, of the rest all must hold. Names may be
 * regular expressions between slashes. `compound` holds texts of the filter language: both ends read the same grammar.
 */
export const Filter = z.strictObject({
  identity: named(identityName).max(10_000).default([]),
  agent: named(word).max(20).default([]),
  class: named(z.string().min(1).max(300)).max(50).default([]),
  fact: z
    .array(
      z.strictObject({
        fact: z.string().min(1).max(200),
        operator: z.enum(FACT_OPERATORS).default('='),
        value: z.string().max(1024),
      }),
    )
    .max(50)
    .default([]),
  compound: z.array(z.string().max(4096)).max(20).default([]),
});
export type Filter = z.output<typeof Filter>;

/** One request, signed by the caller. `aud` is `node:<identity>` or `all`, and must be where it arrived. */
export const Request = z.strictObject({
  ...stamp,
  typ: z.literal('request'),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  aud: z.string().max(300),
  collective: word,
  agent: word,
  action: word,
  data: z.record(z.string(), z.unknown()),
  filter: Filter,
  /** Session part of the reply address; the caller part comes from the certificate. */
  session: z.string().regex(/^[0-9a-f]{16}$/),
  /** `never`: nobody listens, say nothing. `named`: a node that is named and not meant by the filter says so, so that nobody waits for it. */
  answer: z.enum(['never', 'named']).optional(),
});
export type Request = z.output<typeof Request>;

/** One reply, signed by the node; `re` and `re_sha256` bind it to the request. */
export const Reply = z.strictObject({
  ...stamp,
  typ: z.literal('reply'),
  re: z.string().regex(/^[0-9a-f]{32}$/),
  re_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  agent: word,
  action: word,
  status: z.number().int().min(0).max(5),
  message: z.string().max(4096),
  /** An error code of ours, when status is not 0. */
  code: z.string().max(64).optional(),
  data: z.record(z.string(), z.unknown()),
});
export type Reply = z.output<typeof Reply>;

/** What a node tells unasked, signed. Lost events do no harm: the controller also looks by itself. */
export const NodeEvent = z.strictObject({
  ...stamp,
  typ: z.literal('event'),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  event: z.discriminatedUnion('kind', [
    /** Said at start and every few minutes. *Source:* MCollective's registration. */
    z.strictObject({
      kind: z.literal('registration'),
      agents: z.array(word),
      facts,
      /** Classes that Puppet applied last. */
      classes: z.array(z.string().max(MAX_CLASS_CHARS)).max(MAX_CLASSES).default([]),
      collectives: z.array(word),
      version: z.string().max(64),
      /** Seconds until the next one, at the latest. */
      every_s: z.number().min(1).optional(),
      /** Digest of the list of revoked callers that the node has. */
      revocations: z
        .string()
        .regex(/^[0-9a-f]{16}$/)
        .optional(),
      /** Number and hash of the last line of its audit. */
      audit: z
        .strictObject({ seq: z.number().int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) })
        .optional(),
    }),
    /** Asks for a new certificate in good time. It holds the one in use: name and key stay. */
    z.strictObject({ kind: z.literal('renew'), certificate: z.string().max(8192) }),
    z.strictObject({
      kind: z.literal('puppet_run_ended'),
      run: z.string().max(200),
      exitcode: z.number().int(),
    }),
    z.strictObject({
      kind: z.literal('audit'),
      /** Lines of the node's audit as they stand in its file, oldest first. */
      lines: z.array(z.string().max(MAX_AUDIT_LINE_CHARS)).min(1).max(MAX_AUDIT_LINES),
    }),
  ]),
});
export type NodeEvent = z.output<typeof NodeEvent>;

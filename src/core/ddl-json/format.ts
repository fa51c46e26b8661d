import { z } from 'zod';

/** Where the schema of these files is published. */
export const DDL_SCHEMA_URL = 'https://choria.io/schemas/mcorpc/ddl/v1/agent.json';

const name = z.string().regex(/^[a-z0-9_]+$/, 'lower case letters, digits and _');
const text = z.string().min(1);
/** Choria writes both `Hash` and `hash`. */
const typeName = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['string', 'list', 'boolean', 'integer', 'float', 'number', 'hash', 'array']));

/** One input of an action. */
export const JsonInput = z.looseObject({
  prompt: text.optional(),
  description: text.optional(),
  type: typeName,
  optional: z.boolean().default(false),
  default: z.unknown().optional(),
  validation: z.string().optional(),
  maxlength: z.number().int().min(0).optional(),
  list: z.array(z.string()).min(1).optional(),
  /** Muster's own key: encrypted to one node, and shown nowhere. */
  secret: z.boolean().optional(),
});
export type JsonInput = z.output<typeof JsonInput>;

/** One output of an action. */
export const JsonOutput = z.looseObject({
  description: z.string().optional(),
  display_as: z.string().optional(),
  default: z.unknown().optional(),
  type: typeName.optional(),
  /** As for inputs. */
  secret: z.boolean().optional(),
});
export type JsonOutput = z.output<typeof JsonOutput>;

/** `args` is the name of an output, maybe followed by `{ "format": "…" }`. */
export const JsonAggregate = z.looseObject({ function: text, args: z.unknown().optional() });
export type JsonAggregate = z.output<typeof JsonAggregate>;

const JsonAction = z.looseObject({
  action: name,
  description: text,
  display: z.enum(['ok', 'failed', 'always']).default('failed'),
  input: z.record(name, JsonInput).nullish(),
  output: z.record(name, JsonOutput).nullish(),
  aggregate: z.array(JsonAggregate).nullish(),
});
/** One action. */
export type JsonAction = z.output<typeof JsonAction>;

/**
 * An agent's contract as Choria keeps it in `<name>.json`. Keys that are not known are kept and mean nothing here.
 * *Source:* Choria, mcorpc DDL schema version 1.
 */
export const JsonDdl = z.looseObject({
  $schema: z.string().optional(),
  metadata: z.looseObject({
    name,
    description: text,
    author: text,
    license: text,
    version: z.string().regex(/^\d+(\.\d+){0,2}([-+].*)?$/, 'a version such as 1.2.3'),
    url: text,
    timeout: z.number().int().min(1),
    /** `external`: a program beside the file; else whatever runs the agent. */
    provider: z.string().optional(),
    service: z.boolean().optional(),
  }),
  actions: z.array(JsonAction),
});
export type JsonDdl = z.output<typeof JsonDdl>;

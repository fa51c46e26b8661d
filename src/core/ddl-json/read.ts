import { z } from 'zod';
import type { Ddl, DdlAction, DdlAggregate, DdlSchema } from '../ddl.ts';
import { asMusterError, MusterError } from '../errors.ts';
import { amongKnown } from '../nearest.ts';
import { type JsonAction, type JsonAggregate, JsonDdl, type JsonInput, type JsonOutput } from './format.ts';
import { validatorOf } from './validators.ts';

/** A contract from a file, and what runs the agent. */
export interface ReadDdl {
  readonly ddl: Ddl;
  /** `external`, or null where the file does not say. */
  readonly provider: string | null;
  /** What was left out, because it is known to nobody here: aggregates of a site's own. */
  readonly warnings: readonly string[];
}

/** Aggregates by name; those of well-known plug-ins count values, too. */
const AGGREGATES: ReadonlyMap<string, DdlAggregate['function']> = new Map([
  ['summary', 'summary'],
  ['average', 'average'],
  ['sum', 'sum'],
  ['chart', 'chart'],
  ['boolean_summary', 'summary'],
  ['nagios_states', 'summary'],
]);

/**
 * Reads a JSON DDL as Choria keeps it. Throws PLUGIN_INVALID with file, path inside the file and reason, a line each in `details`.
 * Inputs are checked as strictly as those of Muster's own agents; outputs are taken as they come, with the defaults filled in.
 */
export function readJsonDdl(text: string, file: string): ReadDdl {
  const parsed = JsonDdl.safeParse(fromJson(text, file));
  if (!parsed.success)
    throw bad(
      file,
      parsed.error.issues.map(({ path, message }) => ({ path, message })),
    );
  const { metadata, actions } = parsed.data;
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const read = actions.map((action, index) => {
    const at = ['actions', index];
    return [action.action, actionOf(action, at, { problems, warnings })] as const;
  });
  const twice = read.find(([name], index) => read.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined)
    problems.push({ path: ['actions'], message: `the action '${twice[0]}' is there twice` });
  if (problems.length > 0) throw bad(file, problems);
  const { name, description, version, author, license, url, timeout: timeoutS, provider = null } = metadata;
  const ddl = {
    name,
    description,
    version,
    author,
    license,
    url,
    timeoutS,
    actions: Object.fromEntries(read),
  };
  return { ddl, provider, warnings };
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function fromJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MusterError('PLUGIN_INVALID', `${file}: is no JSON: ${asMusterError(cause).message}`, {
      cause,
    });
  }
}

function bad(file: string, problems: readonly Problem[]): MusterError {
  const details = problems.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  return new MusterError('PLUGIN_INVALID', `${file}: is no DDL: ${details[0] ?? ''}`, { details });
}

function actionOf(
  action: JsonAction,
  at: readonly PropertyKey[],
  { problems, warnings }: { problems: Problem[]; warnings: string[] },
): DdlAction {
  const tried = <T>(path: readonly PropertyKey[], make: () => T): T | null => {
    try {
      return make();
    } catch (thrown) {
      problems.push({ path: [...at, ...path], message: asMusterError(thrown).message });
      return null;
    }
  };
  const shape = (kind: 'input' | 'output', make: (name: string) => z.ZodType): z.ZodRawShape => {
    const fields = Object.keys(action[kind] ?? {}).map(
      (name) => [name, tried([kind, name], () => make(name))] as const,
    );
    return Object.fromEntries(fields.filter((entry): entry is [string, z.ZodType] => entry[1] !== null));
  };
  const input: DdlSchema = z.strictObject(shape('input', (name) => inputOf(action.input?.[name])));
  const output = z.looseObject(shape('output', (name) => outputOf(action.output?.[name])));
  const aggregate = (action.aggregate ?? []).flatMap((one, index) => {
    if (!AGGREGATES.has(one.function)) {
      warnings.push(
        `${[...at, 'aggregate', index].join('.')}: no aggregate '${one.function}' here, left out${amongKnown(one.function, AGGREGATES.keys())}`,
      );
      return [];
    }
    const made = tried(['aggregate', index], () => aggregateOf(one, action));
    return made === null ? [] : [made];
  });
  const { description, display } = action;
  return { description, display, input, output, ...(aggregate.length === 0 ? {} : { aggregate }) };
}

function inputOf(input: JsonInput | undefined): z.ZodType {
  if (input === undefined) return z.unknown();
  const { prompt, description = prompt, optional } = input;
  const type = typeOf(input);
  const value = input.default ?? undefined;
  if (value !== undefined) {
    const fits = type.safeParse(value);
    if (!fits.success)
      throw new MusterError(
        'PLUGIN_INVALID',
        `the default ${JSON.stringify(value)}: ${fits.error.issues[0]?.message}`,
      );
  }
  // As the ancestors do: a default is for what must be there.
  const whole = optional ? type.optional() : value === undefined ? type : type.default(value);
  const { validation, secret } = input;
  const known = { prompt, description, validation, default: value, secret };
  return whole.meta(Object.fromEntries(Object.entries(known).filter(([, told]) => told !== undefined)));
}

function typeOf({ type, list, validation, maxlength = 0 }: JsonInput): z.ZodType {
  switch (type) {
    case 'string':
      return textOf(validation, maxlength);
    case 'list':
      if (list === undefined)
        throw new MusterError('PLUGIN_INVALID', "a list input needs 'list', its values");
      return z.enum(list);
    case 'integer':
      return z.number().int();
    case 'float':
    case 'number':
      return z.number();
    case 'boolean':
      return z.boolean();
    case 'hash':
      return z.record(z.string(), z.unknown());
    case 'array':
      return z.array(z.unknown());
  }
}

/** *Source:* MCollective and Choria: a maximum length of 0 is none. */
function textOf(validation: string | undefined, maxlength: number): z.ZodType {
  const text = maxlength > 0 ? z.string().max(maxlength) : z.string();
  if (validation === undefined) return text;
  const { holds, expected } = validatorOf(validation);
  return text.refine(holds, { message: `expected ${expected}` });
}

function outputOf(output: JsonOutput | undefined): z.ZodType {
  const value = output?.default ?? undefined;
  const whole = value === undefined ? z.unknown().optional() : z.unknown().default(value);
  const { description, display_as, type, secret } = output ?? {};
  const known = { description, display_as, type, secret };
  return whole.meta(Object.fromEntries(Object.entries(known).filter(([, told]) => told !== undefined)));
}

function aggregateOf({ function: name, args }: JsonAggregate, { output }: JsonAction): DdlAggregate {
  const [first, options] = Array.isArray(args) ? args : [args];
  const of = typeof first === 'string' ? first.replace(/^:/, '') : '';
  if (!Object.hasOwn(output ?? {}, of))
    throw new MusterError('PLUGIN_INVALID', `${name} is of '${of}', which is no output of the action`);
  const format: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'format') : undefined;
  return {
    function: AGGREGATES.get(name) ?? 'summary',
    output: of,
    ...(typeof format === 'string' ? { format } : {}),
  };
}

import { z } from 'zod';
import type { PlanEntry } from '../core/config/plan.ts';
import { MusterError } from '../core/errors.ts';
import { amongKnown } from '../core/nearest.ts';
import type { Plugin } from '../core/plugin.ts';
import { redact } from '../core/redact.ts';
import { secretsIn } from '../core/secret-fields.ts';

/**
 * Checks that every entry of a plan names a known step and that its options fit it. Pure.
 * Throws CONFIG_INVALID that names the entry (`plan[2]`), the key, and the nearest known name.
 */
export function checkPlan(
  plan: readonly PlanEntry[],
  steps: ReadonlyMap<string, Plugin<unknown>>,
  path = 'plan',
): void {
  for (const [index, entry] of plan.entries())
    pluginOptions('step', steps, entry.step, entry.options, `${path}[${index}]`);
}

/**
 * The plug-in of a name with its options, defaults filled in. Pure.
 * Throws CONFIG_INVALID that names `path`, the offending key and the nearest known name.
 */
export function pluginOptions<P extends Plugin<unknown>>(
  kind: string,
  plugins: ReadonlyMap<string, P>,
  name: string,
  options: unknown,
  path: string,
): { plugin: P; options: unknown } {
  const plugin = plugins.get(name);
  if (plugin === undefined) {
    throw new MusterError(
      'CONFIG_INVALID',
      `${path}: there is no ${kind} '${name}'${amongKnown(name, [...plugins.keys()].sort())}`,
    );
  }
  const parsed = plugin.options.safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => problemOf(issue, plugin, `${path}.${name}`));
    throw new MusterError('CONFIG_INVALID', problems.join('; '), { details: problems });
  }
  unhidden(plugin, options, `${path}.${name}`);
  return { plugin, options: parsed.data };
}

/**
 * A secret must be known as one wherever the options are seen, also where nobody knows the plug-in: by its name or form.
 */
function unhidden({ options: schema }: Plugin<unknown>, options: unknown, path: string): void {
  if (!(schema instanceof z.ZodObject)) return;
  const shown: Record<string, unknown> = Object(redact(options));
  for (const name of secretsIn(schema, options)) {
    const given: unknown = Object(options)[name];
    if (JSON.stringify(given) !== JSON.stringify(shown[name])) continue;
    const message = `${path}.${name}: is secret, and its name does not say so; call it …_password, …_token or …_secret`;
    throw new MusterError('PLUGIN_INVALID', message);
  }
}

function problemOf(
  issue: { path: PropertyKey[]; message: string; keys?: string[] },
  plugin: Plugin<unknown>,
  path: string,
): string {
  const where = [path, ...issue.path.map(String)].join('.');
  const key = issue.keys?.[0];
  if (key === undefined) return `${where}: ${issue.message}`;
  return `${where}.${key}: unknown option${amongKnown(key, knownKeys(plugin), 'known here:')}`;
}

function knownKeys(plugin: Plugin<unknown>): string[] {
  const { options } = plugin;
  return 'shape' in options && typeof options.shape === 'object' && options.shape !== null
    ? Object.keys(options.shape)
    : [];
}

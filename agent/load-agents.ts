import { join, parse } from 'node:path';
import { z } from 'zod';
import { MusterError } from '../src/core/errors.ts';
import { importDefault, pluginFiles } from '../src/core/load.ts';
import { word } from '../src/core/names.ts';
import { buildInfo } from './build-info.ts';
import { lookTrusted } from './external/trusted.ts';
import type { AnyAgent } from './host.ts';

/**
 * All agents, keyed by name: those of Muster (from the bundle, or by a scan of `agents/`), then those of a site's folder.
 * Strict: the default export of each file is an agent whose DDL has the name of the file. Throws PLUGIN_INVALID that
 * names the file, SECURITY_REJECTED when somebody else could write one of a site's: it runs as the daemon.
 */
export async function loadAgents(siteDir: string | undefined): Promise<Map<string, AnyAgent>> {
  const agents = new Map<string, AnyAgent>();
  const bundled = buildInfo().agents;
  if (bundled === null) await scan(join(import.meta.dirname, 'agents'), agents);
  else for (const [stem, agent] of Object.entries(bundled)) agents.set(stem, checked(agent, stem, stem));
  if (siteDir !== undefined) await scan(siteDir, agents, lookTrusted);
  return agents;
}

/** One agent, from one file. Throws PLUGIN_INVALID that names the file. */
export async function loadAgentFile(path: string): Promise<AnyAgent> {
  return checked(await importDefault(path), parse(path).name, path);
}

async function scan(
  dir: string,
  into: Map<string, AnyAgent>,
  look?: (path: string) => Promise<unknown>,
): Promise<void> {
  for (const file of await pluginFiles(dir)) {
    const path = join(dir, file);
    const stem = parse(path).name;
    if (into.has(stem)) throw new MusterError('PLUGIN_INVALID', `${path}: there is an agent ${stem} already`);
    await look?.(path);
    into.set(stem, await loadAgentFile(path));
  }
}

const Shape = z.object({
  ddl: z.object({
    name: word,
    description: z.string().min(1),
    version: z.string().min(1),
    timeoutS: z.number().positive(),
    actions: z.record(
      word,
      z.object({ description: z.string(), input: z.instanceof(z.ZodType), output: z.instanceof(z.ZodType) }),
    ),
  }),
  activate: z.function(),
  actions: z.record(z.string(), z.function()),
});

function checked(candidate: unknown, stem: string, path: string): AnyAgent {
  const shape = Shape.safeParse(candidate);
  if (!shape.success) {
    const [issue] = shape.error.issues;
    throw new MusterError(
      'PLUGIN_INVALID',
      `${path}: is no agent: ${issue?.path.join('.') || 'default export'}: ${issue?.message}`,
    );
  }
  const { ddl, actions } = shape.data;
  if (ddl.name !== stem)
    throw new MusterError(
      'PLUGIN_INVALID',
      `${path}: the name in its DDL is '${ddl.name}', expected '${stem}'`,
    );
  const undone = Object.keys(ddl.actions).find((name) => !Object.hasOwn(actions, name));
  if (undone !== undefined)
    throw new MusterError(
      'PLUGIN_INVALID',
      `${path}: its DDL declares the action '${undone}', for which there is no code`,
    );
  const stray = Object.keys(actions).find((name) => !Object.hasOwn(ddl.actions, name));
  if (stray !== undefined)
    throw new MusterError('PLUGIN_INVALID', `${path}: the action '${stray}' is not in its DDL`);
  // The shape was just looked at; only the types of inputs and outputs are the author's word.
  return candidate as AnyAgent;
}

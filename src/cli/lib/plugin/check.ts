import { access, constants, readFile } from 'node:fs/promises';
import { dirname, extname, parse } from 'node:path';
import { findProgram, programPlaces, RESERVED_NAMES } from '../../../../agent/external/places.ts';
import { loadAgentFile } from '../../../../agent/load-agents.ts';
import { loadDataFile } from '../../../../agent/load-data.ts';
import { readJsonDdl } from '../../../core/ddl-json/read.ts';
import { lintDdl } from '../../../core/ddl-lint.ts';
import { MusterError } from '../../../core/errors.ts';
import { importDefault, loadPlugin, type PluginVerb } from '../../../core/load.ts';
import { ownAgentNames } from '../ddls.ts';

/** What a file is, as the loader sees it, and what would be better. */
export interface CheckedPlugin {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly warnings: readonly string[];
}

const VERBS: Readonly<Record<PluginVerb, string>> = {
  run: 'step',
  send: 'notifier',
  pick: 'master picker',
  attest: 'attestor',
};

/**
 * Loads one plug-in of any kind as Muster would. Throws PLUGIN_INVALID with file and reason, NOT_FOUND when there is no file.
 */
export async function checkPlugin(file: string): Promise<CheckedPlugin> {
  await access(file).catch(() => {
    throw new MusterError('NOT_FOUND', `there is no file ${file}`);
  });
  if (extname(file) === '.json') return checkJson(file);
  const candidate = await importDefault(file);
  const fields = Object(candidate) as Record<string, unknown>;
  if ('ddl' in fields && 'actions' in fields) {
    const { ddl } = await loadAgentFile(file);
    return { file, kind: 'agent', name: ddl.name, warnings: lintDdl(ddl) };
  }
  if ('ddl' in fields) {
    const { ddl } = await loadDataFile(file);
    return { file, kind: 'data plug-in', name: ddl.name, warnings: [] };
  }
  for (const [verb, kind] of Object.entries(VERBS) as [PluginVerb, string][]) {
    if (!(verb in fields)) continue;
    const { name } = await loadPlugin(file, verb);
    return { file, kind, name, warnings: [] };
  }
  const known = Object.entries(VERBS).map(([verb, kind]) => `${kind}: ${verb}()`);
  throw new MusterError(
    'PLUGIN_INVALID',
    `${file}: its default export is no plug-in; expected one of ${known.join(', ')}, agent: ddl and actions, data plug-in: ddl and query()`,
  );
}

/** Has Muster or Choria an agent of this name, so that no external one may have it? */
export async function isTaken(name: string): Promise<boolean> {
  return RESERVED_NAMES.includes(name) || (await ownAgentNames()).includes(name);
}

async function checkJson(file: string): Promise<CheckedPlugin> {
  const { ddl, provider, warnings } = readJsonDdl(await readFile(file, 'utf8'), file);
  const { name: stem } = parse(file);
  if (ddl.name !== stem)
    throw new MusterError('PLUGIN_INVALID', `${file}: the name in it is '${ddl.name}', expected '${stem}'`);
  if (provider === 'external' && (await isTaken(stem)))
    throw new MusterError(
      'PLUGIN_INVALID',
      `${file}: the name '${stem}' is that of an agent of Muster or Choria`,
    );
  const missing = provider === 'external' ? await programMissing(file, stem) : [];
  return {
    file,
    kind: 'contract of an agent',
    name: ddl.name,
    warnings: [...missing, ...warnings, ...lintDdl(ddl)],
  };
}

async function programMissing(file: string, stem: string): Promise<string[]> {
  const program = await findProgram(dirname(file), stem);
  if (program === null) return [`there is no program at ${programPlaces(dirname(file), stem).join(' or ')}`];
  const runs = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  return runs ? [] : [`${program} cannot be run (chmod +x)`];
}

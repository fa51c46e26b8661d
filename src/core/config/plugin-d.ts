import { readdir, readFile } from 'node:fs/promises';
import { join, parse as parsePath } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { asMusterError, MusterError } from '../errors.ts';
import type { Origins } from './explain.ts';

/** One setting of a plugin.d file, as it stands there. */
interface Line {
  readonly key: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

const KEY = /^[\w-]+(\.[\w-]+)*$/;
const SETTINGS_FILE = /\.(cfg|ya?ml)$/;

/**
 * Settings of plug-ins from a folder with one file for each: `b = c` in `a.cfg`, or `b: c` in `a.yaml`, is the setting `a.b`. No
 * folder, no settings. Notes in `origins` the file and line of each, under `settings.a.b`. Other files, and what begins with a dot, are
 * left alone. Throws CONFIG_INVALID that names file and line. *Source:* MCollective's plugin.d.
 */
export async function readPluginD(folder: string, origins: Origins): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  const seen = new Map<string, string>();
  for (const file of await filesOf(folder)) {
    const path = join(folder, file);
    const { name, ext } = parsePath(file);
    if (!/^\w+$/.test(name))
      throw bad(path, `the name of the file is the name of a plug-in: letters, digits and underscores alone`);
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw bad(path, `cannot be read: ${asMusterError(cause).message}`);
    });
    for (const { key, value, line } of ext === '.cfg' ? cfgLines(text, path) : yamlLines(text, path)) {
      const [full, where] = [`${name}.${key}`, `${path}:${line}`];
      const before = seen.get(full);
      if (before !== undefined) throw bad(where, `'${key}' is set already at ${before}`);
      seen.set(full, where);
      settings[full] = value;
      origins.set(`settings.${full}`, where);
    }
  }
  return settings;
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw bad(folder, `cannot be read: ${cause.message}`);
  });
  return names.filter((name) => !name.startsWith('.') && SETTINGS_FILE.test(name)).sort();
}

/** `key = value` lines; `#` at the beginning of a line makes it a comment. */
function cfgLines(text: string, path: string): Line[] {
  return text.split('\n').flatMap((raw, index) => {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const at = trimmed.indexOf('=');
    const where = `${path}:${index + 1}`;
    if (at < 1) throw bad(where, `expected 'key = value' or a comment that begins with #`);
    const key = trimmed.slice(0, at).trim();
    return [{ key: checkedKey(key, where), value: trimmed.slice(at + 1).trim(), line: index + 1 }];
  });
}

/** A map of keys to texts; numbers, true and false are taken as they are written. */
function yamlLines(text: string, path: string): Line[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: 'failsafe' });
  const [error] = document.errors;
  if (error !== undefined)
    throw bad(
      `${path}:${lines.linePos(error.pos[0]).line}`,
      `is not YAML: ${error.message.split('\n')[0] ?? ''}`,
    );
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === '')) return [];
  if (!isMap(contents)) throw bad(`${path}:1`, 'expected a map of settings');
  return contents.items.map((pair) => {
    const line = isScalar(pair.key) ? lines.linePos(pair.key.range?.[0] ?? 0).line : 1;
    const where = `${path}:${line}`;
    const key = checkedKey(isScalar(pair.key) ? String(pair.key.value) : '', where);
    if (pair.value !== null && !isScalar(pair.value))
      throw bad(where, `'${key}' is a list or a map; expected a text`);
    return { key, value: String(pair.value?.value ?? ''), line };
  });
}

function checkedKey(key: string, where: string): string {
  if (KEY.test(key)) return key;
  throw bad(where, `'${key}' is no name of a setting: letters, digits, '_', '-' and dots between them`);
}

function bad(where: string, why: string): MusterError {
  return new MusterError('CONFIG_INVALID', `${where}: ${why}`);
}

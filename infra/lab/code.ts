import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MusterError } from '../../src/core/errors.ts';
import type { LabPaths } from './layout.ts';
import { runOk } from './process.ts';

const ORIGINAL = fileURLToPath(new URL('code', import.meta.url));

/** Copies the lab's Puppet code to STATE_DIR/code, where all masters read it and a test may break it. */
export async function copyCode(paths: LabPaths): Promise<void> {
  await cp(ORIGINAL, paths.code, { recursive: true });
  await runOk('opening the Puppet code', ['chmod', '-R', 'a+rX', paths.code]); // the user puppet reads it
}

/** One file of an environment; no `content` removes it. */
export interface CodeChange {
  environment: string;
  /** Below the environment, e.g. `modules/base/manifests/motd.pp`. */
  path: string;
  content?: string;
}

/**
 * Changes one file of Puppet code on all masters; the next catalog has it (environment_timeout is 0).
 * Throws USAGE for a path that leaves the environment.
 */
export async function changeCode(paths: LabPaths, change: CodeChange): Promise<void> {
  const environments = resolve(paths.code, 'environments');
  const environment = resolve(environments, change.environment);
  const file = resolve(environment, change.path);
  if (dirname(environment) !== environments || !file.startsWith(environment + sep)) {
    throw new MusterError('USAGE', `${change.environment}/${change.path} is not a file of an environment`);
  }
  if (change.content === undefined) return rm(file, { force: true });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, change.content);
}

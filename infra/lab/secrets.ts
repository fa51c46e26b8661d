import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabPaths } from './layout.ts';

/** Passwords of one lab, made anew at every start. */
export interface LabSecrets {
  redis: string;
  broker: string;
  'xmpp-muster': string;
  'xmpp-oncall': string;
}

/** File that holds one of them, without a line end, readable by root only. */
export function secretFile(paths: LabPaths, name: keyof LabSecrets): string {
  return join(paths.secrets, `${name}.password`);
}

/** Makes the passwords and writes each to its file. */
export async function createSecrets(paths: LabPaths): Promise<LabSecrets> {
  const make = () => randomBytes(24).toString('base64url');
  const secrets = { redis: make(), broker: make(), 'xmpp-muster': make(), 'xmpp-oncall': make() };
  await mkdir(paths.secrets, { recursive: true, mode: 0o700 });
  for (const name of Object.keys(secrets) as (keyof LabSecrets)[]) {
    await writeFile(secretFile(paths, name), secrets[name], { mode: 0o600 });
  }
  return secrets;
}

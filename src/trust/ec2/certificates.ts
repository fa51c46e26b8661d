import type { KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../core/errors.ts';
import { readCertificate, rsaPublicKey } from '../keys.ts';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

interface Read {
  readonly stamp: string;
  readonly keys: readonly KeyObject[];
}

/** Files that were read before, until they change: an operator adds or replaces one and nothing has to be restarted. */
const kept = new Map<string, Read>();

/**
 * The public keys in `<dir>/<region>.pem`, which holds one certificate of AWS or, while AWS changes it, several; none
 * when there is no such file. `region` is checked by its caller. Only the keys count: these certificates are signed by
 * themselves, and what says that they are AWS's is that the operator put them there.
 * Throws CONFIG_INVALID when the file is there and cannot be used. *Source:* EC2 user guide, "AWS public certificates".
 */
export async function regionKeys(dir: string, region: string): Promise<readonly KeyObject[]> {
  const path = join(dir, `${region}.pem`);
  const found = await stat(path).catch(() => null);
  if (found === null) return [];
  const stamp = `${found.ino} ${found.size} ${found.mtimeMs}`;
  const before = kept.get(path);
  if (before?.stamp === stamp) return before.keys;
  const keys = await readKeys(path);
  kept.set(path, { stamp, keys });
  return keys;
}

async function readKeys(path: string): Promise<readonly KeyObject[]> {
  try {
    const pems = (await readFile(path, 'utf8')).match(PEM) ?? [];
    if (pems.length === 0) throw new Error('no certificate in it');
    return pems.map((pem) => rsaPublicKey(readCertificate(pem).publicKey));
  } catch (cause) {
    throw new MusterError('CONFIG_INVALID', `${path} is no certificate of EC2`, { cause });
  }
}

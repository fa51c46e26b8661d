import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MusterError } from '../../core/errors.ts';

/** Common name in a certificate file: the name of a caller on the bus. Throws CONFIG_INVALID that names the file. */
export async function commonNameOf(path: string): Promise<string> {
  try {
    return commonName(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new MusterError('CONFIG_INVALID', `${path}: cannot be read as a certificate`, { cause });
  }
}

/** Common name in a PEM certificate. */
export function commonName(pem: string): string {
  const line = new X509Certificate(pem).subject.split('\n').find((part) => part.startsWith('CN='));
  if (line === undefined) throw new MusterError('CONFIG_INVALID', 'the certificate has no common name');
  return line.slice(3);
}

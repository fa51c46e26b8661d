import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MusterError } from '../../core/errors.ts';
import { subjectOf } from '../../trust/certificate.ts';

/** Common name in a certificate file: the name of a caller on the bus. Throws CONFIG_INVALID that names the file. */
export async function commonNameOf(path: string): Promise<string> {
  try {
    return commonName(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new MusterError('CONFIG_INVALID', `${path}: cannot be read as a certificate`, { cause });
  }
}

/** Common name in a PEM certificate. Throws SECURITY_REJECTED when its subject is none of the bus. */
export function commonName(pem: string): string {
  return subjectOf(new X509Certificate(pem)).name;
}

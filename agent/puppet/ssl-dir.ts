import { chmod, chown, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { exists, ioError, type Owner, writeAtomic } from '../files.ts';

/** Puppet's files of one certificate name. */
export interface SslFiles {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly request: string;
  readonly certificate: string;
  readonly ca: string;
  readonly crl: string;
}

/** What an agent keeps in its ssldir. */
const AGENT_ENTRIES = ['private_keys', 'public_keys', 'certificate_requests', 'certs', 'crl.pem', 'private'];
/** Modes of Puppet's folders. *Source:* puppet/defaults.rb. */
const FOLDER_MODES = {
  '.': 0o771,
  private_keys: 0o750,
  public_keys: 0o755,
  certificate_requests: 0o755,
  certs: 0o755,
} as const;

/** Paths in an ssldir. *Source:* puppet/defaults.rb: hostprivkey, hostpubkey, hostcsr, hostcert, localcacert, hostcrl. */
export function sslFiles(sslDir: string, certname: string): SslFiles {
  return {
    privateKey: join(sslDir, 'private_keys', `${certname}.pem`),
    publicKey: join(sslDir, 'public_keys', `${certname}.pem`),
    request: join(sslDir, 'certificate_requests', `${certname}.pem`),
    certificate: join(sslDir, 'certs', `${certname}.pem`),
    ca: join(sslDir, 'certs', 'ca.pem'),
    crl: join(sslDir, 'crl.pem'),
  };
}

/** Makes Puppet's ssl folders with its modes and owner. Throws NODE_IO. */
export async function makeSslDir(sslDir: string, owner: Owner | undefined): Promise<void> {
  for (const [name, mode] of Object.entries(FOLDER_MODES)) {
    const path = join(sslDir, name);
    try {
      await mkdir(path, { recursive: true });
      await chmod(path, mode);
      if (owner !== undefined) await chown(path, owner.uid, owner.gid);
    } catch (cause) {
      throw ioError('make', path, cause);
    }
  }
}

/** Lays key, public key and request where Puppet looks for them; the key last, because it decides that they are there. Throws NODE_IO. */
export async function layKeyAndRequest(
  files: SslFiles,
  content: { keyPem: string; publicKeyPem: string; csrPem: string },
  owner: Owner | undefined,
): Promise<void> {
  await writeAtomic(files.request, content.csrPem, { mode: 0o644, owner });
  await writeAtomic(files.publicKey, content.publicKeyPem, { mode: 0o644, owner });
  await writeAtomic(files.privateKey, content.keyPem, { mode: 0o640, owner });
}

/** Does the folder hold private keys? */
export async function hasKeys(sslDir: string): Promise<boolean> {
  const names = await readdir(join(sslDir, 'private_keys')).catch(() => []);
  return names.some((name) => name.endsWith('.pem'));
}

/**
 * Removes all that an agent keeps there. Throws CONFIG_INVALID when the folder holds a Puppet CA: then this is a master,
 * which must not be provisioned as a new node; NODE_IO when something stays.
 */
export async function wipeSslDir(sslDir: string): Promise<void> {
  if (await exists(join(sslDir, 'ca'))) {
    const message = `${sslDir} holds a Puppet CA: give this master its certificate (trust.certificate, trust.key) instead of a group`;
    throw new MusterError('CONFIG_INVALID', message);
  }
  for (const entry of AGENT_ENTRIES) {
    const path = join(sslDir, entry);
    await rm(path, { recursive: true, force: true }).catch((cause: unknown) => {
      throw ioError('remove', path, cause);
    });
  }
}

import { execFile } from 'node:child_process';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REGIONS } from './regions.ts';

const runFile = promisify(execFile);

/** Where one region's signing key and certificate lie, with the key's text for `node:crypto`. */
export interface RegionKey {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly keyPem: string;
}

/**
 * An RSA-2048 key and a self-signed certificate for every region: `<ec2Dir>/certs/<region>.pem`, to be pinned as AWS's
 * published ones are, and `<ec2Dir>/keys/<region>.pem` (0600). Those that are there already stay, so that what was
 * pinned before a restart of the local EC2 still holds.
 */
export async function keepRegionKeys(ec2Dir: string): Promise<ReadonlyMap<string, RegionKey>> {
  await mkdir(join(ec2Dir, 'certs'), { recursive: true });
  await mkdir(join(ec2Dir, 'keys'), { recursive: true, mode: 0o700 });
  const kept = REGIONS.map(async ({ name }) => [name, await keepKey(ec2Dir, name)] as const);
  return new Map(await Promise.all(kept));
}

async function keepKey(ec2Dir: string, region: string): Promise<RegionKey> {
  const certificatePath = join(ec2Dir, 'certs', `${region}.pem`);
  const keyPath = join(ec2Dir, 'keys', `${region}.pem`);
  // openssl writes the certificate last, so where it is the key is too.
  await access(certificatePath).catch(() => createKey(region, keyPath, certificatePath));
  return { certificatePath, keyPath, keyPem: await readFile(keyPath, 'utf8') };
}

async function createKey(region: string, keyPath: string, certificatePath: string): Promise<void> {
  const subject = `/C=US/ST=Washington State/L=Seattle/O=Muster lab/CN=instance identity ${region}`;
  const key = ['-newkey', 'rsa:2048', '-noenc', '-keyout', keyPath];
  const form = ['-sha256', '-days', '3650', '-subj', subject, '-out', certificatePath];
  await runFile('openssl', ['req', '-x509', ...key, ...form]);
}

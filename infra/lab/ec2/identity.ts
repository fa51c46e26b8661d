import { spawn } from 'node:child_process';
import { sign } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { RegionKey } from './certificates.ts';
import { ARCHITECTURE } from './images.ts';
import { type Instance, isoSeconds } from './instance.ts';
import { ACCOUNT_ID } from './regions.ts';

/** The files below `dynamic/instance-identity/`. */
export type IdentityFile = 'document' | 'signature' | 'rsa2048' | 'pkcs7';

/** The identity document of an instance's present power-on, spaced as AWS spaces it. *Source:* EC2 user guide. */
function identityDocument(instance: Instance): string {
  const { id, spec, address, poweredOnAtMs } = instance;
  const fields = {
    accountId: ACCOUNT_ID,
    architecture: ARCHITECTURE,
    availabilityZone: spec.zone.name,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: spec.imageId,
    instanceId: id,
    instanceType: spec.instanceType,
    kernelId: null,
    pendingTime: isoSeconds(poweredOnAtMs),
    privateIp: address,
    ramdiskId: null,
    region: spec.region.name,
    version: '2017-09-30',
  };
  return JSON.stringify(fields, null, 2).replace(/^( {2}"\w+"):/gm, '$1 :');
}

/** Gives identity files, signed once for each power-on. */
export function createIdentity(
  keys: ReadonlyMap<string, RegionKey>,
): (instance: Instance, file: IdentityFile) => Promise<string> {
  const made = new WeakMap<Instance, Map<string, Promise<string>>>();
  return async (instance, file) => {
    const files = made.get(instance) ?? new Map<string, Promise<string>>();
    made.set(instance, files);
    const name = `${instance.poweredOnAtMs} ${file}`;
    const found = files.get(name) ?? makeFile(instance, file, keys);
    files.set(name, found);
    return found;
  };
}

async function makeFile(
  instance: Instance,
  file: IdentityFile,
  keys: ReadonlyMap<string, RegionKey>,
): Promise<string> {
  const document = identityDocument(instance);
  const key = keys.get(instance.spec.region.name);
  if (file === 'document' || !key) return document;
  if (file === 'signature') return lines(sign('sha256', Buffer.from(document), key.keyPem));
  // AWS signs `pkcs7` with DSA and SHA-1, which OpenSSL 3 hardly does any more: here it is RSA with SHA-1.
  return file === 'rsa2048' ? signCms(document, key, 'sha256') : signCms(document, key, 'sha1');
}

/**
 * CMS SignedData with the document inside, as base64 without a PEM head. `-stream` makes it BER of indefinite length
 * and `-nocerts` leaves the certificate out, both as AWS does: a reader of DER only must fail here too.
 */
async function signCms(document: string, key: RegionKey, digest: 'sha256' | 'sha1'): Promise<string> {
  const signer = ['-signer', key.certificatePath, '-inkey', key.keyPath, '-md', digest];
  const form = ['-binary', '-nodetach', '-nocerts', '-stream', '-outform', 'PEM'];
  const child = spawn('openssl', ['cms', '-sign', ...signer, ...form], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(document);
  const [pem, problem] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const body = pem.replace(/-----[A-Z ]+-----/g, '').trim();
  if (body === '') throw new Error(`openssl cms made nothing: ${problem}`);
  return body;
}

function lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
}

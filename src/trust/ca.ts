import { generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, systemClock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Role } from '../core/names.ts';
import { checkName } from './certificate.ts';
import { writeWhole } from './files.ts';
import { buildCaCertificate, buildCertificate } from './issue.ts';
import { rsaPrivateKey, rsaPublicKey } from './keys.ts';

const generate = promisify(generateKeyPair);
const CA_BITS = 3072;
const CA_DAYS = 3650;
const KEY_BITS = 2048;

/** Whom a certificate is for. `sans` are DNS names and IP addresses; `days` may be a fraction. */
export interface CertificateRequest {
  readonly name: string;
  readonly role: Role;
  readonly days: number;
  readonly sans?: readonly string[];
}

/** The collective CA, able to issue. */
export interface CollectiveCa {
  readonly certificatePem: string;
  /** Certificate PEM for a public key (SPKI PEM, RSA). Throws SECURITY_REJECTED (KEY, ROLE). About 5 ms. */
  issue(request: CertificateRequest & { publicKeyPem: string }): string;
  /** Makes a key too, and writes `<name>.pem` and `<name>.key` (0600) into `dir`, replacing. */
  issueToFiles(request: CertificateRequest & { dir: string }): Promise<{ certificate: string; key: string }>;
}

/** A new RSA key of 2048 bits, PKCS#8 PEM, and its public half, SPKI PEM. */
export async function newKeyPair(bits = KEY_BITS): Promise<{ keyPem: string; publicKeyPem: string }> {
  const pair = await generate('rsa', {
    modulusLength: bits,
    publicExponent: 65_537,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { keyPem: pair.privateKey, publicKeyPem: pair.publicKey };
}

/**
 * Makes the collective CA: `ca.key` (0600) and `ca.pem` in `dir`. Never replaces one: throws CONFLICT.
 * The key is written first, so that a crash in between leaves no CA that looks whole.
 */
export async function createCa(dir: string, options: { name: string; clock?: Clock }): Promise<CollectiveCa> {
  const { keyPem, publicKeyPem } = await newKeyPair(CA_BITS);
  const nowMs = (options.clock ?? systemClock).nowMs();
  const pem = buildCaCertificate(
    { name: options.name, publicKeyPem, days: CA_DAYS, nowMs },
    rsaPrivateKey(keyPem),
  );
  await writeNew(join(dir, 'ca.key'), keyPem, 0o600);
  await writeNew(join(dir, 'ca.pem'), pem, 0o644);
  return loadCa(dir, options);
}

/** The collective CA in `dir`. Throws NOT_FOUND when there is none, CONFIG_INVALID when key and certificate do not fit. */
export async function loadCa(dir: string, options: { clock?: Clock } = {}): Promise<CollectiveCa> {
  const [pem, keyPem] = await Promise.all([read(join(dir, 'ca.pem')), read(join(dir, 'ca.key'))]);
  const certificate = new X509Certificate(pem);
  const key = rsaPrivateKey(keyPem);
  if (!certificate.ca || !certificate.checkPrivateKey(key))
    throw new MusterError('CONFIG_INVALID', `${dir}: ca.pem and ca.key are not a CA and its key`);
  return caOf({ certificate, pem, key }, options.clock ?? systemClock);
}

function caOf(
  own: { certificate: X509Certificate; pem: string; key: KeyObject },
  clock: Clock,
): CollectiveCa {
  const issue: CollectiveCa['issue'] = (request) => {
    checkName(request.name, request.role);
    rsaPublicKey(request.publicKeyPem);
    return buildCertificate({ ...request, nowMs: clock.nowMs() }, own);
  };
  return {
    certificatePem: own.pem,
    issue,
    issueToFiles: async ({ dir, ...request }) => {
      const { keyPem, publicKeyPem } = await newKeyPair();
      const paths = { certificate: join(dir, `${request.name}.pem`), key: join(dir, `${request.name}.key`) };
      const certificatePem = issue({ ...request, publicKeyPem });
      await writeWhole(paths.key, keyPem, { mode: 0o600, replace: true });
      await writeWhole(paths.certificate, certificatePem, { mode: 0o644, replace: true });
      return paths;
    },
  };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeWhole(path, text, { mode, replace: false }).catch((cause: unknown) => {
    throw new MusterError('CONFLICT', `${path} cannot be made: ${asMusterError(cause).message}`, { cause });
  });
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('NOT_FOUND', `${path} cannot be read: ${asMusterError(cause).message}`, { cause });
  });
}

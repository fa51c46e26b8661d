import { generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, systemClock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Role } from '../core/names.ts';
import { type CaBook, type Issued, openCaBook } from './ca-book.ts';
import { checkName } from './certificate.ts';
import { readPrivate, writeWhole } from './files.ts';
import { buildCaCertificate, buildCertificate } from './issue.ts';
import { rsaPrivateKey, rsaPublicKey, spkiSha256OfKey } from './keys.ts';
import { type RevokedName, signList } from './revocation.ts';

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
  /** What it issued and revoked. */
  readonly book: CaBook;
  /**
   * Certificate PEM for a public key (SPKI PEM, RSA), which is in the book before it is given. A name that was revoked
   * gets one that counts from then on. Throws SECURITY_REJECTED (KEY, ROLE), NODE_IO. About 5 ms.
   */
  issue(request: CertificateRequest & { publicKeyPem: string }): string;
  /** Makes a key too, and writes `<name>.pem` and `<name>.key` (0600) into `dir`, replacing. */
  issueToFiles(request: CertificateRequest & { dir: string }): Promise<{ certificate: string; key: string }>;
  /** Signs a list of revoked names, for those who cannot look into the book. */
  signList(revoked: readonly RevokedName[]): string;
}

/** Where the CA writes what it did, if not beside its key; and its clock. */
interface CaOptions {
  readonly clock?: Clock;
  readonly book?: CaBook;
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
export async function createCa(dir: string, options: CaOptions & { name: string }): Promise<CollectiveCa> {
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

/**
 * The collective CA in `dir`. Throws NOT_FOUND when there is none, CONFIG_INVALID when key and certificate do not fit or
 * others may read the key.
 */
export async function loadCa(dir: string, options: CaOptions = {}): Promise<CollectiveCa> {
  const [pem, keyPem] = await Promise.all([
    read(join(dir, 'ca.pem')),
    found(join(dir, 'ca.key'), readPrivate(join(dir, 'ca.key'))),
  ]);
  const certificate = new X509Certificate(pem);
  const key = rsaPrivateKey(keyPem);
  if (!certificate.ca || !certificate.checkPrivateKey(key))
    throw new MusterError('CONFIG_INVALID', `${dir}: ca.pem and ca.key are not a CA and its key`);
  return caOf({ certificate, pem, key, book: options.book ?? openCaBook(dir) }, options.clock ?? systemClock);
}

function caOf(
  own: { certificate: X509Certificate; pem: string; key: KeyObject; book: CaBook },
  clock: Clock,
): CollectiveCa {
  const issue: CollectiveCa['issue'] = (request) => {
    checkName(request.name, request.role);
    const publicKey = rsaPublicKey(request.publicKeyPem);
    const nowMs = clock.nowMs();
    const afterMs = own.book.revocations().get(request.name)?.before_ms;
    const pem = buildCertificate({ ...request, nowMs, ...(afterMs === undefined ? {} : { afterMs }) }, own);
    own.book.record(issuedOf(pem, request, spkiSha256OfKey(publicKey), nowMs));
    return pem;
  };
  return {
    certificatePem: own.pem,
    book: own.book,
    signList: (revoked) => signList(revoked, own.key, clock.nowMs()),
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

function issuedOf(pem: string, { name, role }: CertificateRequest, key: string, nowMs: number): Issued {
  const { serialNumber, validFromDate, validToDate } = new X509Certificate(pem);
  return {
    ...{ at_ms: nowMs, name, role, key, serial: serialNumber.toLowerCase() },
    not_before_ms: validFromDate.getTime(),
    not_after_ms: validToDate.getTime(),
  };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeWhole(path, text, { mode, replace: false }).catch((cause: unknown) => {
    throw new MusterError('CONFLICT', `${path} cannot be made: ${asMusterError(cause).message}`, { cause });
  });
}

function read(path: string): Promise<string> {
  return found(path, readFile(path, 'utf8'));
}

async function found(path: string, reading: Promise<string>): Promise<string> {
  return reading.catch((cause: unknown) => {
    if (cause instanceof MusterError) throw cause;
    throw new MusterError('NOT_FOUND', `${path} cannot be read: ${asMusterError(cause).message}`, { cause });
  });
}

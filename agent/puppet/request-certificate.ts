import { rm } from 'node:fs/promises';
import { MusterError } from '../../src/core/errors.ts';
import { readIfThere, writeAtomic } from '../files.ts';
import { type CaApi, caRefusal, certificateSpki, createCaApi, requestSpki } from './ca-api.ts';
import { readBundle, sameBundle, whyNotFit } from './certificate.ts';
import type { PuppetPaths } from './paths.ts';
import { makeSslDir, type SslFiles, sslFiles } from './ssl-dir.ts';

/** Which CA to ask for which name. */
export interface CaTarget {
  readonly puppet: PuppetPaths;
  readonly certname: string;
  readonly server: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
}

const SUBMIT_TIMEOUT_MS = 20_000;
const FETCH_TIMEOUT_MS = 5_000;

/**
 * Lays the CA certificate where Puppet keeps it. A foreign one, e.g. that of a master that is gone, goes with its CRL and
 * the certificate from it: Puppet would refuse the new master because of them. Throws RPC_INVALID_DATA, NODE_IO.
 */
export async function adoptCa(puppet: PuppetPaths, certname: string, caPem: string): Promise<void> {
  readBundle(caPem);
  const files = sslFiles(puppet.sslDir, certname);
  const before = await readIfThere(files.ca);
  if (before !== null && sameBundle(before, caPem)) return;
  await makeSslDir(puppet.sslDir, puppet.owner);
  await rm(files.crl, { force: true });
  await rm(files.certificate, { force: true });
  await writeAtomic(files.ca, caPem, { mode: 0o644, owner: puppet.owner });
}

/**
 * Sends the signing request to the CA, over TLS verified against `caPem`; gives what happened, for people, and the hash
 * of the key. Sending it again changes nothing. Throws CSR_MISMATCH when the CA holds a request or certificate of this
 * name with another key, MASTER_UNREACHABLE, SECURITY_REJECTED, CA_REFUSED, NODE_IO (Puppet's key is gone).
 */
export async function submitRequest(target: CaTarget, caPem: string, ownSpki: string): Promise<string> {
  return withCa(target, caPem, SUBMIT_TIMEOUT_MS, async (ca) => {
    const answer = await ca.putRequest(target.certname, await ownRequest(target, ownSpki));
    if (answer.status === 200) return 'sent';
    if (answer.status !== 400) throw caRefusal(answer);
    if (/already has a requested certificate/.test(answer.body))
      return compareWaiting(ca, target.certname, ownSpki);
    if (/already has a signed certificate/.test(answer.body))
      return compareSigned(ca, target.certname, ownSpki);
    throw caRefusal(answer);
  });
}

/**
 * Fetches the signed certificate before Puppet runs, so that Puppet need not send its request once more (which costs
 * 30 s on a master with TLS 1.3). False when there is none yet, or it does not fit. Throws as {@link submitRequest}.
 */
export async function fetchCertificate(target: CaTarget, nowMs: number): Promise<boolean> {
  const files = sslFiles(target.puppet.sslDir, target.certname);
  const [caPem, keyPem, present] = await Promise.all(
    [files.ca, files.privateKey, files.certificate].map(readIfThere),
  );
  if (caPem == null || keyPem == null) return false;
  const fits = (certificatePem: string) =>
    whyNotFit({ certificatePem, keyPem, caPem, certname: target.certname, nowMs }) === null;
  if (present != null && fits(present)) return true;
  const signed = await withCa(target, caPem, FETCH_TIMEOUT_MS, (ca) => ca.certificate(target.certname));
  if (signed === null || !fits(signed)) return false;
  await writeAtomic(files.certificate, signed, { mode: 0o644, owner: target.puppet.owner });
  await rm(files.request, { force: true });
  return true;
}

async function withCa<T>(
  target: CaTarget,
  caPem: string,
  timeoutMs: number,
  use: (ca: CaApi) => Promise<T>,
): Promise<T> {
  const { server, port } = target;
  const { createPuppetHttp } = await import('./https.ts');
  const http = createPuppetHttp({ host: server, port, servername: server, caPem, timeoutMs });
  try {
    return await use(createCaApi(http, target.signal));
  } finally {
    http.close();
  }
}

/** Puppet removes the file once it has its certificate; the same key gives an equal one. */
async function ownRequest(target: CaTarget, ownSpki: string): Promise<string> {
  const files: SslFiles = sslFiles(target.puppet.sslDir, target.certname);
  const kept = await readIfThere(files.request);
  if (kept !== null && (await requestSpki(kept)) === ownSpki) return kept;
  const keyPem = await readIfThere(files.privateKey);
  if (keyPem === null)
    throw new MusterError('NODE_IO', `${files.privateKey} is gone: provision this node anew`);
  const { makePuppetCsr } = await import('../../src/trust/csr.ts');
  return makePuppetCsr({ certname: target.certname, keyPem });
}

async function compareWaiting(ca: CaApi, name: string, ownSpki: string): Promise<string> {
  const waiting = await ca.request(name);
  // Signed or dropped between the two calls: the certificate tells, if there is one.
  if (waiting === null) return compareSigned(ca, name, ownSpki);
  if ((await requestSpki(waiting)) !== ownSpki) throw mismatch('a waiting signing request', name);
  return 'waiting already';
}

async function compareSigned(ca: CaApi, name: string, ownSpki: string): Promise<string> {
  const signed = await ca.certificate(name);
  if (signed === null)
    throw new MusterError('MASTER_UNREACHABLE', `the CA changed its mind about ${name}; ask again`);
  if (certificateSpki(signed) !== ownSpki) throw mismatch('a signed certificate', name);
  return 'signed already';
}

function mismatch(what: string, name: string): MusterError {
  return new MusterError('CSR_MISMATCH', `the CA holds ${what} of ${name} with another key`);
}

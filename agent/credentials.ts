import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { MusterError } from '../src/core/errors.ts';
import { checkDates, type VerifiedCertificate, verifyIssued } from '../src/trust/certificate.ts';
import { readCertificate, rsaPrivateKey } from '../src/trust/keys.ts';
import { ioError, readIfThere, writeAtomic } from './files.ts';
import type { Acceptance } from './hello.ts';
import { BUS_CERTIFICATE, type NodeIdentity } from './identity.ts';

/** With what the node speaks on the bus. */
export interface Credentials {
  readonly identity: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** The text of a file that must be there. Throws CONFIG_INVALID that names the setting. */
export async function readTrusted(path: string, setting: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('CONFIG_INVALID', `${setting}: ${ioError('read', path, cause).message}`, { cause });
  });
}

/**
 * Credentials that were issued by hand, as on a master, with the certificate that it was renewed by since; null when the
 * config names none. Throws CONFIG_INVALID, NODE_IO.
 */
export async function givenCredentials(config: DaemonConfig): Promise<Credentials | null> {
  const { certificate, key } = config.trust;
  if (certificate === undefined && key === undefined) return null;
  if (certificate === undefined || key === undefined) {
    throw new MusterError(
      'CONFIG_INVALID',
      'trust.certificate and trust.key belong together: one is missing',
    );
  }
  const [certificatePem, keyPem, caPem] = await Promise.all([
    readTrusted(certificate, 'trust.certificate'),
    readTrusted(key, 'trust.key'),
    readTrusted(config.trust.ca, 'trust.ca'),
  ]);
  const { name } = verifyIssued(certificatePem, readCertificate(caPem)).sender;
  if (config.identity !== undefined && config.identity !== name) {
    throw new MusterError(
      'CONFIG_INVALID',
      `identity is ${config.identity}, but trust.certificate is for ${name}`,
    );
  }
  const given = { identity: name, certificatePem, keyPem };
  return { ...given, certificatePem: (await renewedSince(given, config, caPem)) ?? certificatePem };
}

/** The certificate in the state folder, if it is for this name, role and key and younger than the one that was given. */
async function renewedSince(given: Credentials, config: DaemonConfig, caPem: string): Promise<string | null> {
  const kept = await readIfThere(join(config.state_dir, BUS_CERTIFICATE));
  if (kept === null) return null;
  try {
    const ca = readCertificate(caPem);
    const [own, later] = [verifyIssued(given.certificatePem, ca), verifyIssued(kept, ca)];
    const same =
      later.sender.name === own.sender.name &&
      later.sender.role === own.sender.role &&
      later.publicKey.equals(own.publicKey);
    return same && later.notBeforeMs > own.notBeforeMs ? kept : null;
  } catch {
    return null;
  }
}

/**
 * Credentials that a controller gave earlier; null when there are none, or none that still count: then the node says
 * hello again, which changes nothing for a controller that knows it.
 */
export async function keptCredentials(
  node: NodeIdentity,
  config: DaemonConfig,
  nowMs: number,
): Promise<Credentials | null> {
  const { accepted } = node.state.get();
  const certificatePem = await readIfThere(join(config.state_dir, BUS_CERTIFICATE));
  if (accepted === null || certificatePem === null) return null;
  const caPem = await readTrusted(config.trust.ca, 'trust.ca');
  try {
    checkFit(certificatePem, accepted.identity, node, caPem, nowMs);
  } catch {
    return null;
  }
  return { identity: accepted.identity, certificatePem, keyPem: node.busKeyPem };
}

/**
 * Keeps what the controller gave. The certificate is written first: the state, which says that there is one, decides
 * after a crash. Throws SECURITY_REJECTED when the certificate is not ours, NODE_IO.
 */
export async function keepCredentials(
  node: NodeIdentity,
  config: DaemonConfig,
  answer: Acceptance,
  nowMs: number,
): Promise<Credentials> {
  const caPem = await readTrusted(config.trust.ca, 'trust.ca');
  checkFit(answer.certificate, answer.identity, node, caPem, nowMs);
  await writeAtomic(join(config.state_dir, BUS_CERTIFICATE), answer.certificate, { mode: 0o644 });
  await node.state.update({
    accepted: { identity: answer.identity, collective: answer.collective, run: answer.run },
  });
  return { identity: answer.identity, certificatePem: answer.certificate, keyPem: node.busKeyPem };
}

/**
 * Keeps a new certificate for the same name, role and key. Throws SECURITY_REJECTED when it is not ours or ends no later
 * than the one in use, NODE_IO.
 */
export async function renewCredentials(
  own: Credentials,
  config: DaemonConfig,
  certificatePem: string,
  nowMs: number,
): Promise<Credentials & { readonly notAfterMs: number }> {
  const caPem = await readTrusted(config.trust.ca, 'trust.ca');
  const { notAfterMs, sender } = checkFit(
    certificatePem,
    own.identity,
    { busKeyPem: own.keyPem },
    caPem,
    nowMs,
  );
  const before = verifyIssued(own.certificatePem, readCertificate(caPem));
  if (sender.role !== before.sender.role)
    throw new MusterError('SECURITY_REJECTED', `ROLE: it is for a ${sender.role}`);
  if (notAfterMs <= before.notAfterMs)
    throw new MusterError('SECURITY_REJECTED', 'VALIDITY: it ends no later than the one in use');
  // The folder of a master may not be there yet.
  await mkdir(config.state_dir, { recursive: true, mode: 0o700 });
  await writeAtomic(join(config.state_dir, BUS_CERTIFICATE), certificatePem, { mode: 0o644 });
  return { ...own, certificatePem, notAfterMs };
}

function checkFit(
  pem: string,
  identity: string,
  { busKeyPem }: Pick<NodeIdentity, 'busKeyPem'>,
  caPem: string,
  nowMs: number,
): VerifiedCertificate {
  const verified = verifyIssued(pem, readCertificate(caPem));
  checkDates(verified, nowMs);
  const ours = readCertificate(pem).checkPrivateKey(rsaPrivateKey(busKeyPem));
  if (!ours || verified.sender.name !== identity) {
    throw new MusterError('SECURITY_REJECTED', 'CERTIFICATE: it is for another key or name');
  }
  return verified;
}

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import { MusterError } from '../core/errors.ts';
import type { Opener, Sealer } from '../core/seal.ts';
import { type CollectiveCa, loadCa } from '../trust/ca.ts';
import { subjectOf } from '../trust/certificate.ts';
import { readPrivate } from '../trust/files.ts';
import { createOpener, createSealer } from '../trust/seal.ts';

/** Who this controller is, and what it signs and issues with. Holds private keys: never logged. */
export interface Identity {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Keys of earlier certificates, to which some instances still say hello. */
  readonly oldKeyPems?: readonly string[];
  readonly managementPassword: string;
  readonly ca: CollectiveCa;
  readonly sealer: Sealer;
  readonly opener: Opener;
}

/**
 * Reads the files that the config names. Throws CONFIG_INVALID that names the key, also when a private key may be read by
 * others, and NOT_FOUND when there is no CA that can issue.
 */
export async function readIdentity(
  config: Pick<ControllerConfig, 'trust' | 'broker'>,
  clock: Clock,
): Promise<Identity> {
  const { trust, broker } = config;
  const [caPem, certificatePem, keyPem, password, ca, oldKeyPems] = await Promise.all([
    read('trust.dir', join(trust.dir, 'ca.pem')),
    read('trust.certificate', trust.certificate),
    read('trust.key', trust.key, readPrivate),
    read('broker.management_password_file', broker.management_password_file),
    loadCa(trust.dir, { clock }),
    Promise.all(trust.old_keys.map((path) => read('trust.old_keys', path, readPrivate))),
  ]);
  const { name, role } = subjectOf(new X509Certificate(certificatePem));
  if (role !== 'controller')
    throw new MusterError('CONFIG_INVALID', `trust.certificate: is of the role ${role}, expected controller`);
  const sealer = createSealer({ name, certificatePem, keyPem });
  const revoked = ca.book.revocations();
  return {
    caPem,
    certificatePem,
    keyPem,
    oldKeyPems,
    managementPassword: password.trim(),
    ca,
    sealer,
    opener: createOpener({ caPem, clock, revoked: (_serial, of) => revoked.revokes(of) }),
  };
}

async function read(key: string, path: string, reader = readText): Promise<string> {
  return reader(path).catch((cause: unknown) => {
    if (cause instanceof MusterError) throw new MusterError(cause.code, `${key}: ${cause.message}`);
    throw new MusterError('CONFIG_INVALID', `${key}: ${path} cannot be read`, { cause });
  });
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

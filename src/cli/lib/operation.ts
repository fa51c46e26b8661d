import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Operation, Operations } from '../../controller/operations.ts';
import type { RedisDoor } from '../../controller/redis.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { asMusterError, MusterError } from '../../core/errors.ts';
import { subjectOf } from '../../trust/certificate.ts';
import { readSettings } from './settings.ts';
import { withStore } from './store.ts';

/**
 * The audit of whoever runs this command, by the name in their certificate: what a command changes stands there before it
 * does. Throws CONFIG_INVALID when the certificate cannot be read.
 */
export async function operationsOf(config: ControllerConfig, door: RedisDoor): Promise<Operations> {
  const { createAuditStore } = await import('../../controller/audit.ts');
  const { createOperations } = await import('../../controller/operations.ts');
  const { name, role } = await holderOf(config.trust.certificate);
  return createOperations({ store: createAuditStore(door, config), name, role, clock: systemClock });
}

/**
 * Notes what may have to be done before there is a Redis or a certificate of one's own: setting up a host. Gives false when
 * that is so, and nothing is noted. Throws AUDIT_FAILED: then it must not be done.
 */
export async function noteIfSetUp(config: ControllerConfig, operation: Operation): Promise<boolean> {
  try {
    await withStore(config, async (door) => (await operationsOf(config, door)).note(operation));
    return true;
  } catch (thrown) {
    const { code } = asMusterError(thrown);
    if (code === 'REDIS_UNREACHABLE' || code === 'CONFIG_INVALID') return false;
    throw thrown;
  }
}

/**
 * Notes a certificate that is issued by hand, as {@link noteIfSetUp}, where this host has the config of a controller whose
 * CA it is. Elsewhere the book of the CA is all that tells of it: false then.
 */
export async function noteIssue(
  dir: string,
  certificate: { readonly name: string; readonly role: string; readonly days: number },
): Promise<boolean> {
  const config = await readSettings({}).catch(() => null);
  if (config === null || resolve(config.trust.dir) !== resolve(dir)) return false;
  const { name: subject, ...data } = certificate;
  return noteIfSetUp(config, { agent: 'ca', action: 'issue', subject, data: { ...data, by: 'hand' } });
}

async function holderOf(path: string): Promise<ReturnType<typeof subjectOf>> {
  try {
    return subjectOf(new X509Certificate(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new MusterError('CONFIG_INVALID', `trust.certificate: ${path} cannot be read as a certificate`, {
      cause,
    });
  }
}

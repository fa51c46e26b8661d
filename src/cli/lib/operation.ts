import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Operations } from '../../controller/operations.ts';
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
 * Notes a certificate that is issued by hand, where this host has the config of a controller whose CA it is. Elsewhere, and
 * while Redis is away or there is no certificate of one's own (a host that is being set up has neither), the book of the CA is all that tells of it: false then.
 * Throws AUDIT_FAILED: then it must not be issued.
 */
export async function noteIssue(
  dir: string,
  certificate: { readonly name: string; readonly role: string; readonly days: number },
): Promise<boolean> {
  const config = await readSettings({}).catch(() => null);
  if (config === null || resolve(config.trust.dir) !== resolve(dir)) return false;
  const { name: subject, ...data } = certificate;
  const operation = { agent: 'ca', action: 'issue', subject, data: { ...data, by: 'hand' } };
  try {
    await withStore(config, async (door) => (await operationsOf(config, door)).note(operation));
    return true;
  } catch (thrown) {
    const { code } = asMusterError(thrown);
    // Neither Redis nor, perhaps, the certificate that is just being issued.
    if (code === 'REDIS_UNREACHABLE' || code === 'CONFIG_INVALID') return false;
    throw thrown;
  }
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

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Operations } from '../../controller/operations.ts';
import type { RedisDoor } from '../../controller/redis.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';
import { subjectOf } from '../../trust/certificate.ts';

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

async function holderOf(path: string): Promise<ReturnType<typeof subjectOf>> {
  try {
    return subjectOf(new X509Certificate(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new MusterError('CONFIG_INVALID', `trust.certificate: ${path} cannot be read as a certificate`, {
      cause,
    });
  }
}

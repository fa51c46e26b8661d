import { readFile } from 'node:fs/promises';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';

/** The password of the broker's management API, from its file. Throws CONFIG_INVALID. */
export async function managementPassword(broker: ControllerConfig['broker']): Promise<string> {
  const path = broker.management_password_file;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError(
      'CONFIG_INVALID',
      `'broker.management_password_file' is ${path}, which cannot be read`,
      { cause },
    );
  });
  return text.trim();
}

import { randomBytes } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { ioError, readIfThere, systemCode } from '../files.ts';
import type { PuppetPaths } from './paths.ts';

type StateDir = Pick<PuppetPaths, 'stateDir'>;

/**
 * Why Puppet is disabled on this node, or null when it is not; a reason that cannot be read is the empty string.
 * *Source:* Puppet's agent_disabled.lock, JSON `{"disabled_message": …}`, public for tools like this one.
 */
export async function disabledMessage(paths: StateDir): Promise<string | null> {
  const text = await readIfThere(lockFile(paths));
  if (text === null) return null;
  try {
    const content: unknown = JSON.parse(text);
    const message = Object.entries(Object(content)).find(([key]) => key === 'disabled_message')?.[1];
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

/** Disables Puppet as `puppet agent --disable MESSAGE` does. Throws CONFLICT when it is disabled already, NODE_IO. */
export async function disablePuppet(paths: StateDir, message: string): Promise<void> {
  const path = lockFile(paths);
  const part = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(part, JSON.stringify({ disabled_message: message }), { mode: 0o644, flag: 'wx' });
    // A link is made whole or not at all, and never over a lock that somebody else has just laid.
    await link(part, path);
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw ioError('write', path, cause);
    const reason = (await disabledMessage(paths)) ?? '';
    throw new MusterError('CONFLICT', `Could not disable Puppet: it is disabled already: '${reason}'`);
  } finally {
    await rm(part, { force: true }).catch(() => undefined);
  }
}

/** Enables Puppet again; false when it was not disabled. Throws NODE_IO. */
export async function enablePuppet(paths: StateDir): Promise<boolean> {
  const path = lockFile(paths);
  try {
    await rm(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false;
    throw ioError('remove', path, cause);
  }
}

function lockFile({ stateDir }: StateDir): string {
  return join(stateDir, 'agent_disabled.lock');
}

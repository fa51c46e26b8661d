import { runProgram } from './program.ts';

/** A user of this node. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
}

/**
 * Users by name or number, also those of LDAP and the like; unknown ones are left out. Throws NOT_FOUND, NODE_IO when the system's
 * `getent` cannot run.
 */
export async function findUsers(keys: readonly (string | number)[]): Promise<SystemUser[]> {
  if (keys.length === 0) return [];
  const { stdout } = await runProgram('getent', ['passwd', ...keys.map(String)], { timeoutMs: 5000 });
  return stdout.split('\n').flatMap((line) => {
    const [name = '', , uid = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(uid) ? [{ name, uid: Number(uid) }] : [];
  });
}

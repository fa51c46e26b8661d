import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/core/clock.ts';
import { type Instance, isLive } from './instance.ts';

/** What an instance gets of its role. */
export interface RoleCredentials {
  /** Name of the role: here that of the instance profile. */
  readonly role: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** The credentials of the roles of all instances. */
export interface Roles {
  /** Those of now; undefined for an instance without a profile. */
  credentialsOf(instance: Instance): RoleCredentials | undefined;
  /** Whose access key it is; undefined when it is nobody's, has ended, or its instance has come to its end. */
  holderOf(
    accessKeyId: string,
  ): { readonly instance: Instance; readonly credentials: RoleCredentials } | undefined;
}

const LIFE_MS = 6 * 3_600_000;
const RENEWED_BEFORE_MS = 3_600_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Nobody has any at first; they are made when somebody asks. */
export function createRoles(clock: Clock): Roles {
  const made = new WeakMap<Instance, RoleCredentials>();
  const holders = new Map<string, { instance: Instance; credentials: RoleCredentials }>();
  return {
    credentialsOf(instance) {
      const role = instance.spec.profileArn?.split('/').at(-1);
      if (role === undefined) return undefined;
      const before = made.get(instance);
      if (before && before.expiresAtMs - clock.nowMs() > RENEWED_BEFORE_MS) return before;
      const credentials = create(role, clock.nowMs());
      made.set(instance, credentials);
      holders.set(credentials.accessKeyId, { instance, credentials });
      return credentials;
    },
    holderOf(accessKeyId) {
      const holder = holders.get(accessKeyId);
      if (!holder || (isLive(holder.instance) && holder.credentials.expiresAtMs > clock.nowMs()))
        return holder;
      holders.delete(accessKeyId);
      return undefined;
    },
  };
}

function create(role: string, nowMs: number): RoleCredentials {
  const tail = [...randomBytes(16)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return {
    role,
    accessKeyId: `ASIA${tail}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(300).toString('base64'),
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + LIFE_MS,
  };
}

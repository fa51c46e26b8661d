import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Instance } from '../instance.ts';

const MAX_TTL_S = 21_600;

/** IMDSv2 session tokens: each good for one instance and its time to live. */
export interface Tokens {
  issue(instance: Instance, ttlS: number): string;
  isValid(instance: Instance, token: string): boolean;
}

/** The header's value as seconds, or undefined when IMDS answers it with 400. *Source:* EC2 user guide, IMDSv2. */
export function parseTtl(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,5}$/.test(header)) return undefined;
  const ttlS = Number(header);
  return ttlS >= 1 && ttlS <= MAX_TTL_S ? ttlS : undefined;
}

/** No token is valid at first. */
export function createTokens(clock: Clock): Tokens {
  const issued = new Map<string, { instance: Instance; endsAtMs: number }>();
  return {
    issue(instance, ttlS) {
      for (const [token, { endsAtMs }] of issued) if (endsAtMs <= clock.monotonicMs()) issued.delete(token);
      const token = `AQAE${randomBytes(39).toString('base64url')}==`;
      issued.set(token, { instance, endsAtMs: clock.monotonicMs() + ttlS * 1000 });
      return token;
    },
    isValid(instance, token) {
      const found = issued.get(token);
      return found !== undefined && found.instance === instance && found.endsAtMs > clock.monotonicMs();
    },
  };
}

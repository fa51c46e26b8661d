import type { AttestationResult } from '../../core/attestor.ts';

/** A refusal of an attestor. */
export type Refused = Extract<AttestationResult, { ok: false }>;

/** A refusal with its fixed reason code, and a detail for the log. */
export function refused(reason: string, detail: string): Refused {
  return { ok: false, reason, detail };
}

import { MusterError } from '../core/errors.ts';

/** Why a message, key or certificate was refused: the first word of the error's message, for counters and audit. */
export type Reason =
  | 'SIZE'
  | 'FORMAT'
  | 'ALGORITHM'
  | 'KEY'
  | 'CERTIFICATE'
  | 'ISSUER'
  | 'VALIDITY'
  | 'REVOKED'
  | 'ROLE'
  | 'SIGNATURE'
  | 'DECRYPTION'
  | 'EXPIRED'
  | 'NONCE'
  | 'EXTENSION'
  | 'SIGNERS'
  | 'DIGEST';

/** SECURITY_REJECTED whose message begins with the reason. `detail` never holds what the sender wrote. */
export function rejected(reason: Reason, detail: string, cause?: unknown): MusterError {
  return new MusterError('SECURITY_REJECTED', `${reason}: ${detail}`, cause === undefined ? {} : { cause });
}

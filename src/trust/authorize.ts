import { MusterError } from '../core/errors.ts';
import type { Role } from '../core/names.ts';
import type { Sender } from '../core/seal.ts';

const CALLERS: readonly Role[] = ['controller', 'operator'];

/**
 * Default deny: only controllers and operators may call, anything. The role is that of the verified certificate.
 * Throws RPC_DENIED.
 */
export function authorizeByRole(attempt: {
  readonly sender: Sender;
  readonly agent: string;
  readonly action: string;
}): void {
  if (CALLERS.includes(attempt.sender.role)) return;
  throw new MusterError(
    'RPC_DENIED',
    `role ${attempt.sender.role} may not call ${attempt.agent}#${attempt.action}`,
  );
}

import { expect, test } from 'vitest';
import { verdictOf } from '../../../src/controller/failure.ts';
import { type ErrorCode, MusterError } from '../../../src/core/errors.ts';

test.each<[string, ErrorCode, { tries?: number; movesLeft?: number; lives?: boolean }, string]>([
  ['a failure that may pass is retried', 'NODE_UNREACHABLE', {}, 'retry'],
  ['the last attempt of it ends the run', 'NODE_UNREACHABLE', { tries: 4 }, 'end'],
  ['a failure for good ends the run at once', 'CSR_MISMATCH', { lives: false }, 'end'],
  ['a broker that is away spends no attempt', 'BROKER_UNREACHABLE', { tries: 99 }, 'again'],
  ['a master that is dead is left at once', 'MASTER_UNREACHABLE', { lives: false }, 'move'],
  ['a master that lives is tried again', 'MASTER_UNREACHABLE', { lives: true }, 'retry'],
  ['and left when the attempts are spent', 'MASTER_UNREACHABLE', { lives: true, tries: 4 }, 'move'],
  ['a Puppet run that failed under a dead master moves', 'PUPPET_FAILED', { lives: false }, 'move'],
  ['a Puppet run that failed under a living one ends', 'PUPPET_FAILED', { lives: true }, 'end'],
  ['no moves left: the run ends', 'MASTER_UNREACHABLE', { lives: false, movesLeft: 0, tries: 4 }, 'end'],
])('%s', async (_, code, { tries = 0, movesLeft = 2, lives = true }, verdict) => {
  const facts = { tries, attempts: 5, movesLeft, masterLives: async () => lives };
  expect(await verdictOf(new MusterError(code, 'x'), facts)).toBe(verdict);
});

import { expect, test } from 'vitest';
import { warnOfEnds } from '../../../src/controller/expiry-watch.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { endingCertificates, endsSoon, endText } from '../../../src/trust/expiry.ts';
import { linesOf } from '../../kit/lines.ts';
import { makePki } from '../../kit/pki.ts';

const DAY_MS = 86_400_000;

test.each([
  ['a year, 31 days left', 365, 31, false, false],
  ['a year, 29 days left', 365, 29, false, true],
  ['a week, 3 days left', 7, 3, false, false],
  ['a week, 2 days left', 7, 2, false, true],
  ['ten years of a CA, 400 days left', 3650, 400, true, false],
  ['ten years of a CA, 300 days left', 3650, 300, true, true],
  ['a year, over since a day', 365, -1, false, true],
])('%s', (_name, life, left, ca, soon) => {
  const nowMs = 1e12;
  const notAfterMs = nowMs + left * DAY_MS;
  expect(endsSoon({ notBeforeMs: notAfterMs - life * DAY_MS, notAfterMs, ca }, nowMs)).toBe(soon);
});

test('an end is told by day and distance', () => {
  const nowMs = Date.UTC(2026, 0, 10, 12);
  expect(endText(nowMs + 9.5 * DAY_MS, nowMs)).toBe('ends on 2026-01-20, in 9 days');
  expect(endText(nowMs + 1.5 * DAY_MS, nowMs)).toBe('ends on 2026-01-12, in 1 day');
  expect(endText(nowMs - 0.1 * DAY_MS, nowMs)).toBe('ended on 2026-01-10, less than a day ago');
});

async function scene() {
  const { ca, holder } = await makePki();
  const { publicKeyPem } = await holder('controller', 'controller');
  const issue = (name: string, role: 'operator' | 'master' | 'node' | 'controller', days: number) =>
    ca.issue({ name, role, publicKeyPem, days });
  issue('alice', 'operator', 101);
  issue('bob', 'operator', 100);
  issue('bob', 'operator', 300);
  issue('carol', 'operator', 100);
  issue('puppet-1', 'master', 90);
  issue('web1', 'node', 100);
  issue('gone', 'operator', 20);
  const certificatePem = issue('controller', 'controller', 100);
  const revoked = { at_ms: 1, role: null, until_ms: 0, reason: 'r', barred: true } as const;
  ca.book.revoke({ ...revoked, name: 'carol', before_ms: Date.now() });
  return { ca, certificatePem };
}

test('of a book those are told that a person must renew: the newest of a name, no node, none that is revoked or long gone', async () => {
  const { ca } = await scene();
  const at = (days: number) =>
    endingCertificates(ca.book, Date.now() + days * DAY_MS).map(({ name }) => name);
  expect(at(0)).toEqual([]);
  expect(at(80)).toEqual(['puppet-1', 'controller', 'alice']);
  expect(at(125)).toEqual(['controller', 'alice']);
});

test('the controller says it in its log with what to do, and of itself what it uses and not what is in the book', async () => {
  const { ca, certificatePem } = await scene();
  const { stream, lines } = linesOf();
  const log = createLog({ level: 'debug', name: 't', stream });
  const later = (days: number) => ({ nowMs: () => Date.now() + days * DAY_MS, monotonicMs: () => 0 });
  const own = { name: 'controller', certificatePem };
  // It was renewed, and the controller not restarted.
  const { publicKeyPem } = await (await makePki()).holder('controller', 'controller');
  ca.issue({ name: 'controller', role: 'controller', publicKeyPem, days: 365 });
  warnOfEnds({ ca, own, clock: later(0), log });
  expect(lines()).toEqual([]);
  warnOfEnds({ ca, own, clock: later(95), log });
  expect(lines()).toMatchObject([
    {
      ...{ level: 'warn', msg: 'a certificate ends soon', holder: 'controller' },
      next: 'muster ca renew controller, then restart this controller',
    },
    {
      ...{ level: 'error', msg: 'a certificate has ended', holder: 'puppet-1', role: 'master' },
      next: 'muster ca renew puppet-1',
    },
    { level: 'warn', msg: 'a certificate ends soon', holder: 'alice' },
  ]);
});

import { X509Certificate } from 'node:crypto';
import { trust } from '../../agent/agents/trust.ddl.ts';
import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Sender } from '../core/seal.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import type { CaBook, Issued } from '../trust/ca-book.ts';
import { type VerifiedCertificate, verifyIssued } from '../trust/certificate.ts';
import { lifeDays } from '../trust/expiry.ts';
import type { Rpc } from './deps.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Operations } from './operations.ts';
import { createRefusedOperations } from './refused-operations.ts';
import type { Registry } from './registry.ts';

const INSTALL_S = 10;

/** What renewing certificates needs. */
export interface RenewDeps {
  readonly ca: Pick<CollectiveCa, 'issue' | 'book' | 'certificatePem'>;
  readonly days: number;
  readonly rpc: Rpc;
  readonly registry: Pick<Registry, 'get'>;
  readonly lifetimes: Pick<Lifetimes, 'note'>;
  /** Where to look for a node that has not registered. */
  readonly collectives: readonly string[];
  readonly operations: Pick<Operations, 'note'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Deals with a node's wish for a new certificate. Never throws but for Redis: a node that gets none asks again. */
export type Renew = (certificatePem: string, sender: Sender) => Promise<void>;

/**
 * Gives a node or master a certificate for the name, role and key of the one it has. The wish is signed by a certificate
 * that counts; the one inside must be of the same name, not revoked, and in the second half of its life, so that nobody can
 * have any number made by sending a captured wish again. A master's must stand in the book of this host, and lives as long
 * as the one before: so nothing is renewed that no person has issued here. The daemon itself decides whether it takes the
 * answer.
 */
export function createRenew(deps: RenewDeps): Renew {
  const { ca, log } = deps;
  const refused = createRefusedOperations({ ...deps, agent: 'ca', action: 'renew' });
  const root = new X509Certificate(ca.certificatePem);
  return async (pem, sender) => {
    const identity = sender.name;
    try {
      const old = verifyIssued(pem, root);
      const why = refusalOf(old, sender, deps);
      if (why !== null) {
        refused(why.split(':')[0] ?? why, why, identity);
        return log.warn({ identity, reason: why }, 'no new certificate');
      }
      const { role } = old.sender;
      const entry = role === 'master' ? bookEntry(ca.book, old) : undefined;
      const days = entry === undefined ? deps.days : lifeDays(entry);
      const publicKeyPem = old.publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const data = { role, days, old_serial: old.serial };
      await deps.operations.note({ agent: 'ca', action: 'renew', subject: identity, data });
      const certificate = ca.issue({ name: identity, role, publicKeyPem, days });
      // Masters keep their broker user: a person made it.
      if (role === 'node') await deps.lifetimes.note(identity, verifyIssued(certificate, root).notAfterMs);
      await install(deps, identity, certificate);
      log.info({ identity }, 'certificate renewed');
    } catch (thrown) {
      const { code, message } = asMusterError(thrown);
      log.warn({ identity, code, reason: message }, 'no new certificate');
    }
  };
}

/** Why there is no new certificate; null: there is one. */
function refusalOf(old: VerifiedCertificate, sender: Sender, { ca, clock }: RenewDeps): string | null {
  const { name, role } = old.sender;
  if ((role !== 'node' && role !== 'master') || sender.role !== role || sender.name !== name)
    return 'NAME: the certificate is not that of the sender';
  if (ca.book.revocations().revokes(old)) return 'REVOKED: the certificate was revoked';
  if (clock.nowMs() < (old.notBeforeMs + old.notAfterMs) / 2)
    return 'EARLY: the certificate is in the first half of its life';
  if (role === 'master' && bookEntry(ca.book, old) === undefined)
    return 'UNKNOWN: not issued from this host: a controller where it was issued can renew it, or `muster ca renew`';
  return null;
}

function bookEntry(book: CaBook, { serial, sender }: VerifiedCertificate): Issued | undefined {
  return book
    .issued()
    .find((entry) => entry.serial === serial && entry.name === sender.name && entry.role === sender.role);
}

async function install({ rpc, registry, collectives }: RenewDeps, identity: string, certificate: string) {
  const known = await registry.get(identity);
  const where = known === null || known.collectives.length === 0 ? collectives : known.collectives;
  // A node that moves is in one of them; the first that hears it is enough, and the same certificate twice is refused there.
  await Promise.any(
    where.map((collective) =>
      rpc
        .node(collective, identity, {})
        .call(trust, 'install_certificate', { certificate }, { timeoutS: INSTALL_S }),
    ),
  ).catch((thrown: unknown) => {
    throw thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  });
}

import { X509Certificate } from 'node:crypto';
import { MusterError } from '../core/errors.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import { verifyIssued } from '../trust/certificate.ts';
import type { RevocationList } from '../trust/revocation.ts';
import type { GrantNode } from './deps.ts';
import type { Lifetimes } from './lifetimes.ts';

/** Gives a node that was admitted its login, which lasts as long as its certificate. Throws as {@link Grants}. */
export type AdmitLogin = (
  identity: string,
  collectives: readonly string[],
  certificatePem: string,
) => Promise<void>;

/**
 * The only way to a broker user of a node: none is made, or left, for one that is revoked. Both throw
 * ATTESTATION_REFUSED (REVOKED) for such a node, and what the broker and Redis throw.
 */
export interface Grants {
  readonly admit: AdmitLogin;
  readonly move: GrantNode;
}

/** What granting needs. */
export interface GrantsDeps {
  /** As {@link GrantNode}, whoever it is for. */
  readonly grant: GrantNode;
  /** Deletes a broker user, which cuts its connections. */
  readonly dropUser: (name: string) => Promise<void>;
  /** Revocations as all controllers know them now. */
  readonly revocations: () => Promise<RevocationList>;
  readonly lifetimes: Pick<Lifetimes, 'note'>;
  readonly ca: Pick<CollectiveCa, 'certificatePem'>;
}

/**
 * Makes the grants. Revocations are looked at after the login was made: who revokes writes first and deletes then, so one
 * of the two sees what the other did, on whatever host.
 */
export function createGrants({ grant, dropUser, revocations, lifetimes, ca }: GrantsDeps): Grants {
  const root = new X509Certificate(ca.certificatePem);
  const refuse = async (name: string) => {
    await dropUser(name);
    throw new MusterError('ATTESTATION_REFUSED', `REVOKED: ${name} was revoked meanwhile`);
  };
  return {
    async admit(identity, collectives, certificatePem) {
      const verified = verifyIssued(certificatePem, root);
      await lifetimes.note(identity, verified.notAfterMs);
      await grant(identity, collectives);
      const revoked = await revocations();
      if (revoked.bars(identity) || revoked.revokes(verified)) await refuse(identity);
    },
    async move(identity, collectives) {
      await grant(identity, collectives);
      if ((await revocations()).bars(identity)) await refuse(identity);
    },
  };
}

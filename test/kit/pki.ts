import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import type { Role } from '../../src/core/names.ts';
import type { Opener, Sealer } from '../../src/core/seal.ts';
import { type CollectiveCa, createCa, newKeyPair } from '../../src/trust/ca.ts';
import type { CaBook, Issued } from '../../src/trust/ca-book.ts';
import { RevocationList } from '../../src/trust/revocation.ts';
import { createOpener, createSealer } from '../../src/trust/seal.ts';

/** One holder of a certificate. */
export interface Holder {
  readonly name: string;
  readonly role: Role;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly publicKeyPem: string;
  readonly sealer: Sealer;
}

/** A collective CA for tests. */
export interface Pki {
  readonly ca: CollectiveCa;
  readonly opener: Opener;
  /** The holder of this name; made once. Servers get localhost and 127.0.0.1 as further names. */
  holder(name: string, role: Role): Promise<Holder>;
}

let made: Promise<Pki> | undefined;

/** The PKI of this test process, made at the first call; nothing of it stays on the disk. */
export function testPki(): Promise<Pki> {
  made ??= makePki();
  return made;
}

/** Another PKI, of strangers: same names, not the same CA. */
export async function makePki(): Promise<Pki> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-pki-'));
  const ca = await createCa(dir, { name: 'test collective', book: memoryBook() });
  rmSync(dir, { recursive: true });
  const holders = new Map<string, Promise<Holder>>();
  return {
    ca,
    opener: createOpener({ caPem: ca.certificatePem, clock: systemClock }),
    holder: (name, role) => {
      const id = `${role} ${name}`;
      const holder = holders.get(id) ?? issue(ca, name, role);
      holders.set(id, holder);
      return holder;
    },
  };
}

/** A book that is on no disk. */
export function memoryBook(): CaBook {
  const issued: Issued[] = [];
  const list = new RevocationList();
  return {
    record: (entry) => void issued.push(entry),
    issued: () => issued,
    revoke: (entry) => void list.add(entry),
    revocations: () => list,
  };
}

async function issue(ca: CollectiveCa, name: string, role: Role): Promise<Holder> {
  const pair = await newKeyPair();
  const sans = role === 'server' ? ['localhost', '127.0.0.1'] : [];
  const certificatePem = ca.issue({ name, role, publicKeyPem: pair.publicKeyPem, days: 2, sans });
  const sealer = createSealer({ name, certificatePem, keyPem: pair.keyPem });
  return { name, role, certificatePem, ...pair, sealer };
}

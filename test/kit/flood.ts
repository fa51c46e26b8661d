import { randomBytes } from 'node:crypto';
import type { Bus } from '../../src/bus/bus.ts';
import { brokerNames } from '../../src/core/names.ts';
import { encryptJwe } from '../../src/trust/jwe.ts';
import { jwsHeader, signJws } from '../../src/trust/jws.ts';
import { readCertificate, rsaPrivateKey, spkiSha256OfKey } from '../../src/trust/keys.ts';
import { type HelloSayer, TOKEN } from './run-hello.ts';

/** The kinds of junk that somebody with nothing but user data can send; each costs the controller more than the one before. */
export const JUNK_KINDS = ['random bytes', 'sealed junk', 'bad signature', 'wrong token'] as const;
/** One of {@link JUNK_KINDS}. */
export type JunkKind = (typeof JUNK_KINDS)[number];

const MOST_GOING = 500;

/** Makes junk hellos of one kind for the holder of this controller certificate. */
export async function junkMaker(
  kind: JunkKind,
  attacker: HelloSayer,
  controllerCertPem: string,
): Promise<() => Promise<Buffer>> {
  const key = readCertificate(controllerCertPem).publicKey;
  const kid = spkiSha256OfKey(key);
  const sealed = (plain: Buffer) => Buffer.from(encryptJwe(plain, key, kid));
  const { bytes: genuine } = await attacker.hello(controllerCertPem);
  if (kind === 'random bytes') return async () => randomBytes(genuine.length);
  if (kind === 'sealed junk') return async () => sealed(randomBytes(3000));
  if (kind === 'wrong token')
    return async () => (await attacker.hello(controllerCertPem, { token: 'guessed' })).bytes;
  // The right token, for an instance of somebody else, signed by another key than the one inside.
  const strangerKey = rsaPrivateKey(attacker.busKeyPem);
  const signed = signJws(jwsHeader(), helloText(attacker), strangerKey);
  const broken = Buffer.from(`${signed.slice(0, -20)}${'A'.repeat(20)}`, 'latin1');
  return async () => sealed(broken);
}

/** Puts `count` pieces of junk into the hello queue, those of the pool in turn, as fast as the broker takes them. */
export async function pourJunk(bus: Bus, pool: readonly Buffer[], count: number): Promise<void> {
  const target = { exchange: brokerNames.helloExchange, key: brokerNames.helloKey };
  for (let sent = 0; sent < count; sent += 200) {
    const some = Array.from({ length: Math.min(200, count - sent) }, (_, index) =>
      bus.publish(target, pool[(sent + index) % pool.length] ?? Buffer.alloc(0), {
        ttlS: 600,
        deadlineS: 60,
      }),
    );
    await Promise.all(some);
  }
}

/** Sends pieces of junk in turn at this rate, until it is stopped; `stop` gives the rate that was reached. */
export function startFlood(bus: Bus, pool: readonly Buffer[], perS: number): { stop(): Promise<number> } {
  const target = { exchange: brokerNames.helloExchange, key: brokerNames.helloKey };
  const startedMs = performance.now();
  const going = new Set<Promise<void>>();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * perS;
    // What a busy machine did not send in time is left out, and shows in the rate.
    for (let room = MOST_GOING - going.size; sent < due && room > 0; room--) {
      const piece = pool[sent++ % pool.length] ?? Buffer.alloc(0);
      const one = bus.publish(target, piece, { ttlS: 600, deadlineS: 60 }).finally(() => going.delete(one));
      going.add(one);
    }
  }, 20);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(going);
      return (sent / (performance.now() - startedMs)) * 1000;
    },
  };
}

function helloText(attacker: HelloSayer): string {
  return JSON.stringify({
    ...{ v: 1, iat_ms: Date.now(), ttl_s: 60, typ: 'hello', group: 'web', token: TOKEN },
    ...{ instance_id: 'i-0', nonce: '0'.repeat(32), boot_id: 'b', version: '1' },
    ...{ bus_public_key: attacker.busPublicKeyPem, puppet_csr: 'x'.repeat(1000), facts: {} },
  });
}

import { randomBytes } from 'node:crypto';
import type { Hello, HelloAnswer } from '../../src/core/messages.ts';
import { newKeyPair } from '../../src/trust/ca.ts';
import { makePuppetCsr } from '../../src/trust/csr.ts';
import { openAnswer, sealHello } from '../../src/trust/hello.ts';
import { testPki } from './pki.ts';

/** The token that `sayer` uses, for the config of the group `web`. */
export const TOKEN = 'a-join-token-of-the-lab';

/** A machine that has booted and wants to be provisioned. */
export interface HelloSayer {
  readonly instanceId: string;
  readonly busKeyPem: string;
  readonly busPublicKeyPem: string;
  /** A sealed hello to this controller; `parts` change what it says. */
  hello(controllerCertPem: string, parts?: Partial<Hello>): Promise<{ bytes: Buffer; nonce: string }>;
  answer(bytes: Uint8Array, nonce: string): Promise<HelloAnswer>;
}

/** Makes keys and a signing request, as a daemon does before its first word. */
export async function createSayer(instanceId: string, suffix = ''): Promise<HelloSayer> {
  const [bus, puppet] = await Promise.all([newKeyPair(), newKeyPair()]);
  const csr = makePuppetCsr({ certname: `${instanceId}${suffix}`, keyPem: puppet.keyPem });
  const { opener } = await testPki();
  return {
    instanceId,
    busKeyPem: bus.keyPem,
    busPublicKeyPem: bus.publicKeyPem,
    async hello(controllerCertPem, parts = {}) {
      const nonce = randomBytes(16).toString('hex');
      const hello: Hello = {
        ...{
          v: 1,
          iat_ms: Date.now(),
          ttl_s: 60,
          typ: 'hello',
          group: 'web',
          token: TOKEN,
          instance_id: instanceId,
          nonce,
        },
        ...{
          boot_id: 'b',
          version: '1',
          bus_public_key: bus.publicKeyPem,
          puppet_csr: csr,
          facts: { ec2_placement_region: 'eu-west-1' },
        },
        ...parts,
      };
      return { bytes: sealHello(hello, { busKeyPem: bus.keyPem, controllerCertPem }), nonce };
    },
    answer: async (bytes, nonce) => openAnswer(bytes, { busKeyPem: bus.keyPem, opener, nonce }),
  };
}

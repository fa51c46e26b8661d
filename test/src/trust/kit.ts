import { randomBytes } from 'node:crypto';
import type { Hello } from '../../../src/core/messages.ts';
import { makePuppetCsr } from '../../../src/trust/csr.ts';
import type { Holder } from '../../kit/pki.ts';

/** A hello of a machine whose bus key is that of this holder. */
export function helloOf(node: Holder, changes: Partial<Hello> = {}): Hello {
  return {
    v: 1,
    typ: 'hello',
    iat_ms: Date.now(),
    ttl_s: 60,
    group: 'web',
    token: 'a join token of the group',
    instance_id: 'i-0123456789abcdef0',
    nonce: randomBytes(16).toString('hex'),
    boot_id: 'boot',
    version: '1.0.0',
    bus_public_key: node.publicKeyPem,
    puppet_csr: makePuppetCsr({ certname: 'i-0123456789abcdef0', keyPem: node.keyPem }),
    facts: { ec2_placement_region: 'eu-central-1' },
    ...changes,
  };
}

import { type KeyObject, sign } from 'node:crypto';
import forge from 'node-forge';

/** OID of sha256WithRSAEncryption. */
export const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';

/**
 * Puts a signature into a certificate or signing request that forge built: node:crypto signs forge's own DER of the
 * first part, because forge itself needs 25 ms of pure JavaScript for it. Gives DER.
 */
export function signedDer(unsigned: forge.asn1.Asn1, key: KeyObject): Buffer {
  const parts = children(unsigned);
  const [toBeSigned, algorithm] = parts;
  if (toBeSigned === undefined || algorithm === undefined) throw new Error('nothing to sign');
  const signature = sign('sha256', derOf(toBeSigned), key);
  const { UNIVERSAL } = forge.asn1.Class;
  const { SEQUENCE, BITSTRING } = forge.asn1.Type;
  const bits = forge.asn1.create(UNIVERSAL, BITSTRING, false, `\0${signature.toString('latin1')}`);
  return derOf(forge.asn1.create(UNIVERSAL, SEQUENCE, true, [toBeSigned, algorithm, bits]));
}

/** DER of a node. */
export function derOf(node: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1');
}

/** The members of a sequence or set; throws a plain Error on a primitive. */
export function children(node: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] {
  if (node === undefined || typeof node.value === 'string') throw new Error('not constructed');
  return node.value;
}

/** PEM with lines of 64 characters. */
export function toPem(label: 'CERTIFICATE' | 'CERTIFICATE REQUEST', der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import forge from 'node-forge';
import { MusterError } from '../core/errors.ts';
import { identityName } from '../core/names.ts';
import { children, derOf, SHA256_WITH_RSA, signedDer, toPem } from './forge.ts';
import { attempt, rsaPrivateKey, rsaPublicKey, spkiSha256OfKey } from './keys.ts';
import { rejected } from './reject.ts';

const MAX_PEM_CHARS = 8192;
const PEM =
  /^-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----\s*$/;
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
/** Puppet's authorization extensions (pp_authorization, pp_auth_role, pp_cli_auth): who holds one may rule the CA. */
const AUTHORIZATION_ARC = '1.3.6.1.4.1.34380.1.3';
const SUBJECT_ALT_NAME = '2.5.29.17';

/** sha256WithRSAEncryption with NULL for parameters. *Source:* RFC 4055, section 5. */
const ALGORITHM_DER = Buffer.from('300d06092a864886f70d01010b0500', 'hex');

/** What a signing request says, its own signature verified. */
export interface CsrFacts {
  readonly commonName: string;
  /** SHA-256, hex, of the public key in SPKI DER form. */
  readonly spkiSha256: string;
  /** OIDs of the extensions asked for. */
  readonly extensions: readonly string[];
}

/**
 * Puppet's signing request, PEM. `extensions` are OID to text, e.g. `1.3.6.1.4.1.34380.1.1.2` (pp_instance_id).
 * Throws SECURITY_REJECTED (KEY). *Source:* Puppet's csr_attributes.yaml; PKCS#10.
 */
export function makePuppetCsr(options: {
  certname: string;
  keyPem: string;
  extensions?: Readonly<Record<string, string>>;
}): string {
  const key = rsaPrivateKey(options.keyPem);
  const csr = forge.pki.createCertificationRequest();
  csr.publicKey = forge.pki.publicKeyFromPem(
    createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  );
  csr.setSubject([{ shortName: 'CN', value: options.certname }]);
  const extensions = Object.entries(options.extensions ?? {}).map(([id, text]) => ({
    id,
    value: utf8Der(text),
  }));
  if (extensions.length > 0) csr.setAttributes([{ name: 'extensionRequest', extensions }]);
  csr.signatureOid = SHA256_WITH_RSA;
  csr.siginfo.algorithmOid = SHA256_WITH_RSA;
  csr.signature = '';
  return toPem('CERTIFICATE REQUEST', signedDer(forge.pki.certificationRequestToAsn1(csr), key));
}

/**
 * Reads a signing request: RSA, SHA-256, one common name, its own signature verified by node:crypto. Throws
 * SECURITY_REJECTED (SIZE, FORMAT, ALGORITHM, KEY, SIGNATURE; EXTENSION when it asks for rights in Puppet or for other
 * names), and CSR_MISMATCH when it is not for `expected`.
 */
export function readCsr(pem: string, expected: { commonName?: string; spkiSha256?: string } = {}): CsrFacts {
  if (pem.length > MAX_PEM_CHARS) throw rejected('SIZE', 'signing request too long');
  const body = PEM.exec(pem)?.[1];
  if (body === undefined) throw rejected('FORMAT', 'not one signing request in PEM');
  const facts = attemptRead(Buffer.from(body, 'base64'));
  refuseExtensions(facts.extensions);
  if (expected.commonName !== undefined && facts.commonName !== expected.commonName)
    throw new MusterError(
      'CSR_MISMATCH',
      `the signing request is for ${facts.commonName}, expected ${expected.commonName}`,
    );
  if (expected.spkiSha256 !== undefined && facts.spkiSha256 !== expected.spkiSha256)
    throw new MusterError('CSR_MISMATCH', `the signing request of ${facts.commonName} holds another key`);
  return facts;
}

function attemptRead(der: Buffer): CsrFacts {
  const node = attempt(() => forge.asn1.fromDer(der.toString('latin1'), true), 'FORMAT', 'not DER');
  const csr = attempt(() => forge.pki.certificationRequestFromAsn1(node), 'FORMAT', 'not a PKCS#10 request');
  if (csr.signatureOid !== SHA256_WITH_RSA) throw rejected('ALGORITHM', 'not sha256WithRSAEncryption');
  const signed = attempt(() => cut(node), 'FORMAT', 'not a PKCS#10 request');
  const key = rsaPublicKey(signed.key);
  if (!verify('sha256', signed.info, key, Buffer.from(String(csr.signature), 'latin1')))
    throw rejected('SIGNATURE', 'the signing request is not signed by its key');
  return { commonName: commonNameOf(csr), spkiSha256: spkiSha256OfKey(key), extensions: extensionsOf(csr) };
}

/** The bytes that are signed, and the key, read by node:crypto. */
function cut(node: forge.asn1.Asn1): { info: Buffer; key: KeyObject } {
  const [info, algorithm, signature, ...more] = children(node);
  const [, , spki] = children(info);
  if (info === undefined || spki === undefined || algorithm === undefined || signature === undefined)
    throw new Error('too short');
  // What the signature does not cover has one way to be written.
  if (more.length > 0 || !derOf(algorithm).equals(ALGORITHM_DER)) throw new Error('not canonical');
  return { info: derOf(info), key: createPublicKey({ key: derOf(spki), format: 'der', type: 'spki' }) };
}

function commonNameOf(csr: forge.pki.CertificateSigningRequest): string {
  const [first, ...others] = csr.subject.attributes;
  const name = identityName.safeParse(first?.value);
  if (others.length > 0 || first?.type !== forge.pki.oids.commonName || !name.success)
    throw rejected('FORMAT', 'the subject is not one common name in lower case');
  return name.data;
}

function extensionsOf(csr: forge.pki.CertificateSigningRequest): string[] {
  return csr.attributes
    .filter((attribute) => attribute.type === EXTENSION_REQUEST)
    .flatMap((attribute) => attribute.extensions ?? [])
    .map((extension: { id?: unknown }) => String(extension.id));
}

function refuseExtensions(oids: readonly string[]): void {
  if (oids.some((oid) => oid === AUTHORIZATION_ARC || oid.startsWith(`${AUTHORIZATION_ARC}.`)))
    throw rejected('EXTENSION', 'asks for authorization in Puppet');
  if (oids.includes(SUBJECT_ALT_NAME)) throw rejected('EXTENSION', 'asks for other names');
}

function utf8Der(text: string): string {
  const { UNIVERSAL } = forge.asn1.Class;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return forge.asn1.toDer(forge.asn1.create(UNIVERSAL, forge.asn1.Type.UTF8, false, bytes)).getBytes();
}

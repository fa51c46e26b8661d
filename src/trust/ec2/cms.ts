import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { rejected } from '../reject.ts';
import { type Ber, readBer } from './ber.ts';

/** A signed message taken apart. Nothing in it is verified yet. */
export interface Cms {
  /** What was signed, e.g. the identity document. */
  readonly content: Buffer;
  /** DER of the signed attributes, as they are hashed. */
  readonly attributes: Buffer;
  /** The digest of the content that stands in the signed attributes. */
  readonly digest: Buffer;
  readonly signature: Buffer;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const OID = 0x06;
const OCTETS = 0x04;
const OCTETS_IN_PARTS = 0x24;
const CONTEXT_0 = 0xa0;
const CONTEXT_1 = 0xa1;

/** Bodies of the object identifiers, hex. *Source:* RFC 5652 and RFC 5754. */
const SIGNED_DATA = '2a864886f70d010702';
const DATA = '2a864886f70d010701';
const CONTENT_TYPE = '2a864886f70d010903';
const MESSAGE_DIGEST = '2a864886f70d010904';
const SHA256 = '608648016503040201';
/** rsaEncryption and sha256WithRSAEncryption: both mean PKCS #1 v1.5 with the digest that is fixed here. */
const RSA = ['2a864886f70d010101', '2a864886f70d01010b'];

/**
 * Takes a CMS SignedData apart: content inside, exactly one signer, SHA-256 and RSA, signed attributes. Certificates in
 * it are stepped over: who may sign is for the caller to know. Throws SECURITY_REJECTED (SIZE, FORMAT, SIGNERS,
 * ALGORITHM). *Source:* RFC 5652 section 5.
 */
export function readCms(bytes: Buffer): Cms {
  const [type, wrapped, ...more] = children(readBer(bytes), SEQUENCE);
  if (more.length > 0 || oid(type) !== SIGNED_DATA) throw rejected('FORMAT', 'not signed data');
  const data = children(single(children(wrapped, CONTEXT_0)), SEQUENCE);
  const [version, digests, content, ...rest] = data;
  const signers = rest.pop();
  if (version?.tag !== INTEGER || digests?.tag !== SET) throw rejected('FORMAT', 'not signed data');
  // Certificates and revocation lists, each once and in this order; whatever stands in them is not looked at.
  const bags = rest.map(({ tag }) => tag).join();
  if (!['', `${CONTEXT_0}`, `${CONTEXT_1}`, `${CONTEXT_0},${CONTEXT_1}`].includes(bags))
    throw rejected('FORMAT', 'an unknown part of signed data');
  const [signer, ...others] = children(signers, SET);
  if (signer === undefined || others.length > 0) throw rejected('SIGNERS', 'not exactly one signer');
  return { content: contentOf(content), ...signerOf(signer) };
}

/**
 * The content, if one of `keys` signed it. Throws SECURITY_REJECTED (DIGEST when the content was changed, SIGNATURE).
 * The hash of a message is no name for it: parts of it that are not signed can be changed and it still verifies.
 */
export function verifyCms(cms: Cms, keys: readonly KeyObject[]): Buffer {
  const digest = createHash('sha256').update(cms.content).digest();
  if (cms.digest.length !== digest.length || !timingSafeEqual(cms.digest, digest))
    throw rejected('DIGEST', 'the content is not the one that was signed');
  if (!keys.some((key) => verify('sha256', cms.attributes, key, cms.signature)))
    throw rejected('SIGNATURE', 'does not hold');
  return cms.content;
}

function contentOf(encapsulated: Ber | undefined): Buffer {
  const [type, wrapped, ...more] = children(encapsulated, SEQUENCE);
  if (more.length > 0 || oid(type) !== DATA) throw rejected('FORMAT', 'the content is no data');
  const octets = single(children(wrapped, CONTEXT_0));
  if (octets.tag === OCTETS) return octets.body;
  const parts = children(octets, OCTETS_IN_PARTS);
  if (parts.some(({ tag }) => tag !== OCTETS)) throw rejected('FORMAT', 'parts of the content in parts');
  return Buffer.concat(parts.map(({ body }) => body));
}

function signerOf(signer: Ber): Omit<Cms, 'content'> {
  const [version, name, digestAlgorithm, attributes, algorithm, signature, unsigned, ...more] = children(
    signer,
    SEQUENCE,
  );
  if (more.length > 0 || version?.tag !== INTEGER || name === undefined)
    throw rejected('FORMAT', 'not a signer');
  if (algorithmOf(digestAlgorithm) !== SHA256) throw rejected('ALGORITHM', 'the digest is not SHA-256');
  if (attributes?.tag !== CONTEXT_0 || !attributes.definite)
    throw rejected('FORMAT', 'no signed attributes in DER');
  if (!RSA.includes(algorithmOf(algorithm))) throw rejected('ALGORITHM', 'the signature is not RSA');
  if (signature?.tag !== OCTETS || (unsigned !== undefined && unsigned.tag !== CONTEXT_1))
    throw rejected('FORMAT', 'not a signer');
  if (oid(single(attribute(attributes, CONTENT_TYPE))) !== DATA)
    throw rejected('FORMAT', 'another type was signed');
  const digest = single(attribute(attributes, MESSAGE_DIGEST));
  if (digest.tag !== OCTETS) throw rejected('FORMAT', 'the digest is no octets');
  // What is hashed bears the tag of a SET, what is sent does not (RFC 5652 section 5.4).
  const hashed = Buffer.from(attributes.raw);
  hashed[0] = SET;
  return { attributes: hashed, digest: digest.body, signature: signature.body };
}

/** The values of the attribute of this type, which must be there once. */
function attribute(attributes: Ber, type: string): readonly Ber[] {
  const found = attributes.children.filter((each) => oid(children(each, SEQUENCE)[0]) === type);
  if (found.length !== 1) throw rejected('FORMAT', 'a signed attribute is not there once');
  return children(found[0]?.children[1], SET);
}

function algorithmOf(algorithm: Ber | undefined): string {
  return oid(children(algorithm, SEQUENCE)[0]);
}

/** The children of an element that must have this tag. */
function children(element: Ber | undefined, tag: number): readonly Ber[] {
  if (element?.tag !== tag) throw rejected('FORMAT', 'another element was expected');
  return element.children;
}

function single(elements: readonly Ber[]): Ber {
  const [element, ...more] = elements;
  if (element === undefined || more.length > 0) throw rejected('FORMAT', 'one element was expected');
  return element;
}

function oid(element: Ber | undefined): string {
  if (element?.tag !== OID) throw rejected('FORMAT', 'no object identifier');
  return element.body.toString('hex');
}

import { z } from 'zod';
import { asMusterError } from '../../core/errors.ts';
import type { Hello } from '../../core/messages.ts';
import { rejected } from '../reject.ts';
import { regionKeys } from './certificates.ts';
import { readCms, verifyCms } from './cms.ts';
import { type Refused, refused } from './refused.ts';

/** The parts of EC2's instance identity document that are used; it has more. *Source:* EC2 user guide, instance identity documents. */
export const IdentityDocument = z.object({
  instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
  accountId: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/),
  availabilityZone: z.string().max(64),
  imageId: z.string().max(64),
  instanceType: z.string().max(64),
  /** When it was last powered on. */
  pendingTime: z.iso.datetime(),
  privateIp: z.string().max(64).nullish(),
});
export type IdentityDocument = z.output<typeof IdentityDocument>;

/** A document whose signature holds, or why there is none. */
export type OpenedDocument = { readonly ok: true; readonly document: IdentityDocument } | Refused;

const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/**
 * The identity document of a hello, parsed out of the bytes that the region's pinned key signed and nothing else. Which
 * key that is says the document, so its region is looked at first; no other field is before the signature holds.
 * Refusals: DOCUMENT_MISSING, CMS_SIZE, CMS_FORMAT, CMS_SIGNERS, CMS_ALGORITHM, CMS_DIGEST, CMS_SIGNATURE,
 * DOCUMENT_SCHEMA, REGION_UNKNOWN (no certificate for it), DOCUMENT_MISMATCH.
 */
export async function openDocument(
  hello: Pick<Hello, 'identity_document' | 'identity_rsa2048'>,
  certificatesDir: string,
): Promise<OpenedDocument> {
  const { identity_rsa2048: base64 } = hello;
  if (base64 === undefined) return refused('DOCUMENT_MISSING', 'the hello has no rsa2048 signature');
  try {
    if (!BASE64.test(base64)) throw rejected('FORMAT', 'not base64');
    const cms = readCms(Buffer.from(base64, 'base64'));
    const claimed = parseDocument(cms.content);
    if (claimed === null) return refused('DOCUMENT_SCHEMA', 'what is signed is no identity document');
    const keys = await regionKeys(certificatesDir, claimed.region);
    if (keys.length === 0)
      return refused('REGION_UNKNOWN', `there is no certificate for the region ${claimed.region}`);
    const document = parseDocument(verifyCms(cms, keys));
    if (document === null) return refused('DOCUMENT_SCHEMA', 'what is signed is no identity document');
    return sameBeside(hello.identity_document, document) ?? { ok: true, document };
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== 'SECURITY_REJECTED') throw error;
    const [reason = 'FORMAT', ...detail] = error.message.split(': ');
    return refused(`CMS_${reason}`, detail.join(': '));
  }
}

/** The copy beside the signed one is never used; one that says something else was put there by somebody. */
function sameBeside(text: string | undefined, document: IdentityDocument): Refused | null {
  if (text === undefined) return null;
  const beside = parseDocument(Buffer.from(text));
  if (JSON.stringify(beside) === JSON.stringify(document)) return null;
  return refused('DOCUMENT_MISMATCH', 'the document beside the signed one is another');
}

function parseDocument(bytes: Buffer): IdentityDocument | null {
  try {
    return IdentityDocument.safeParse(JSON.parse(bytes.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}

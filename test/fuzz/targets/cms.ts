import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readCms, verifyCms } from '../../../src/trust/ec2/cms.ts';
import { createEc2Signer, documentOf } from '../../kit/ec2-signer.ts';
import type { FuzzTarget } from '../target.ts';

const text = Buffer.from(documentOf());
const signer = createEc2Signer();
const key = createPublicKey(readFileSync(signer.genuine.certificate));
const genuine = [
  ['-nocerts', '-stream', '-md', 'sha256'],
  ['-stream', '-md', 'sha256'],
  ['-md', 'sha256'],
].map((args) => Buffer.from(signer.sign(text.toString(), { args }), 'base64'));
signer.remove();

/** The signed message around an identity document: BER as EC2 sends it, BER with certificates, and DER. */
const cms: FuzzTarget = {
  name: 'cms',
  genuine,
  read: (input) => verifyCms(readCms(input), [key]),
  // Names, certificates and lengths are not signed: many changes of them leave what was signed as it is.
  harmless: (_, content) => Buffer.isBuffer(content) && content.equals(text),
};
export default cms;

import { makePuppetCsr, readCsr } from '../../../src/trust/csr.ts';
import { testPki } from '../../kit/pki.ts';
import type { FuzzTarget } from '../target.ts';

const { keyPem } = await (await testPki()).holder('web1', 'node');
const pem = (extensions: Record<string, string>) => makePuppetCsr({ certname: 'web1', keyPem, extensions });
const derOf = (text: string) => Buffer.from(text.replace(/-----[^-]+-----|\n/g, ''), 'base64');

/** The DER of a signing request; its PEM is one regular expression. */
const csr: FuzzTarget = {
  name: 'csr',
  genuine: [derOf(pem({ '1.3.6.1.4.1.34380.1.1.2': 'i-1' })), derOf(pem({}))],
  read: (input) =>
    readCsr(
      `-----BEGIN CERTIFICATE REQUEST-----\n${input.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
    ),
};
export default csr;

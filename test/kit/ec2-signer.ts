import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key with a self-signed certificate. */
interface SignerKey {
  readonly certificate: string;
  readonly key: string;
}

/** Signs identity documents as a region of EC2 does, and as forgers do. */
export interface Ec2Signer {
  /** Folder of pinned certificates with that of eu-west-1. */
  readonly certificatesDir: string;
  readonly genuine: SignerKey;
  readonly forged: SignerKey;
  /** base64 CMS over a text; without `args` as EC2 makes it: BER, without certificates. */
  sign(text: string, options?: { keys?: readonly SignerKey[]; args?: readonly string[] }): string;
  /** Puts a certificate where that of a region is looked for. */
  pin(region: string, ...keys: SignerKey[]): void;
  newKey(name: string): SignerKey;
  remove(): void;
}

/** One region's key and one forger's, who gives his certificate the same name. */
export function createEc2Signer(): Ec2Signer {
  const dir = mkdtempSync(join(tmpdir(), 'muster-iid-'));
  const certificatesDir = join(dir, 'pinned');
  mkdirSync(certificatesDir);
  const newKey = (name: string): SignerKey => {
    const [certificate, key] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
    const form = ['-newkey', 'rsa:2048', '-noenc', '-keyout', key, '-set_serial', '7', '-days', '9'];
    run(['req', '-x509', ...form, '-subj', '/C=US/O=Amazon Web Services LLC', '-out', certificate]);
    return { certificate, key };
  };
  const pin = (region: string, ...keys: SignerKey[]) =>
    writeFileSync(
      join(certificatesDir, `${region}.pem`),
      keys.map(({ certificate }) => readFileSync(certificate, 'utf8')).join(''),
    );
  const [genuine, forged] = [newKey('genuine'), newKey('forged')];
  pin('eu-west-1', genuine);
  return {
    ...{ certificatesDir, genuine, forged, newKey, pin },
    sign(text, { keys = [genuine], args = ['-nocerts', '-stream', '-md', 'sha256'] } = {}) {
      const signers = keys.flatMap(({ certificate, key }) => ['-signer', certificate, '-inkey', key]);
      const argv = ['cms', '-sign', ...signers, '-binary', '-nodetach', '-outform', 'PEM', ...args];
      return run(argv, text)
        .replace(/-----[A-Z ]+-----/g, '')
        .trim();
    },
    remove: () => rmSync(dir, { recursive: true }),
  };
}

function run(argv: readonly string[], input = ''): string {
  return execFileSync('openssl', argv, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
}

/** An identity document as IMDS gives it. */
export function documentOf(changes: Record<string, unknown> = {}): string {
  const fields = {
    accountId: '123456789012',
    architecture: 'x86_64',
    availabilityZone: 'eu-west-1a',
    billingProducts: null,
    imageId: 'ami-0deb1200000000001',
    instanceId: 'i-0123456789abcdef0',
    instanceType: 't3.micro',
    pendingTime: `${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`,
    privateIp: '10.0.0.7',
    region: 'eu-west-1',
    version: '2017-09-30',
    ...changes,
  };
  return JSON.stringify(fields, null, 2);
}

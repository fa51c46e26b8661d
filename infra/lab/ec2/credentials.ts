import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The only pair that the local EC2 accepts. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * The pair in `<ec2Dir>/credentials` (AWS's form, for AWS_SHARED_CREDENTIALS_FILE, readable by its owner only). Made
 * there if it is not: a restart of the local EC2 shall not shut its clients out.
 */
export async function keepCredentials(ec2Dir: string): Promise<Credentials & { path: string }> {
  await mkdir(ec2Dir, { recursive: true });
  const path = join(ec2Dir, 'credentials');
  const credentials = parse(await readFile(path, 'utf8').catch(() => '')) ?? createPair();
  const lines = [
    '[default]',
    `aws_access_key_id = ${credentials.accessKeyId}`,
    `aws_secret_access_key = ${credentials.secretAccessKey}`,
    '',
  ];
  await writeFile(path, lines.join('\n'), { mode: 0o600 });
  return { ...credentials, path };
}

/** A new random pair in AWS's form: 20 characters beginning with AKIA, and 40. */
function createPair(): Credentials {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const tail = [...randomBytes(16)].map((byte) => alphabet[byte % alphabet.length]).join('');
  return { accessKeyId: `AKIA${tail}`, secretAccessKey: randomBytes(30).toString('base64') };
}

function parse(text: string): Credentials | undefined {
  const accessKeyId = /^aws_access_key_id = (AKIA\w{16})$/m.exec(text)?.[1];
  const secretAccessKey = /^aws_secret_access_key = (\S{40})$/m.exec(text)?.[1];
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
}

import { readFile } from 'node:fs/promises';
import type { EC2ClientConfig } from '@aws-sdk/client-ec2';
import { MusterError } from '../core/errors.ts';

/** The SDK's word for something that gives credentials when asked. */
type Provider = Extract<NonNullable<EC2ClientConfig['credentials']>, (...args: never[]) => unknown>;

/**
 * Keys of the default profile of a file in AWS's own form, and of nothing else: not of the environment, which the SDK
 * would mix in, nor of the role of this machine, to which it would turn when the file is not there. A profile that
 * only names a role needs the SDK's own search instead. Throws CONFIG_INVALID.
 * *Source:* AWS SDKs reference guide, "Shared config and credentials files".
 */
export function credentialsFrom(path: string): Provider {
  return async () => {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new MusterError('CONFIG_INVALID', `ec2.credentials_file ${path} cannot be read`, { cause });
    });
    const values = defaultProfile(text);
    const accessKeyId = values.get('aws_access_key_id');
    const secretAccessKey = values.get('aws_secret_access_key');
    const sessionToken = values.get('aws_session_token');
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new MusterError(
        'CONFIG_INVALID',
        `ec2.credentials_file ${path} has no keys in its default profile`,
      );
    }
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };
}

function defaultProfile(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n').map((each) => each.trim())) {
    section = /^\[(.+)\]$/.exec(line)?.[1]?.trim() ?? section;
    const [, name, value] = /^([a-z_]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section === 'default' && name !== undefined && value !== undefined) values.set(name, value);
  }
  return values;
}

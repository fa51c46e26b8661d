import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';

/** Settings `fstat.*` of the daemon. */
export const FstatSettings = z.strictObject({
  max_digest_mb: z.coerce
    .number()
    .min(0)
    .max(1024)
    .default(16)
    .describe('Digests are made of files up to this size, in MB'),
  digest_private: z
    .stringbool()
    .default(false)
    .describe(
      'Digests also of files that not everybody on the node may read: a digest tells something of the content',
    ),
});

const seconds = (what: string) => z.number().int().describe(`${what}, seconds since the epoch`);
const age = (what: string) => z.number().int().describe(`Seconds since the last ${what}`);

/** `fstat('/etc/hosts').md5=~/^d41d/`. *Source:* MCollective's fstat data plug-in; sha256 is added. */
export const fstat = defineDataDdl({
  name: 'fstat',
  description: 'What is known of a file; symbolic links and devices are looked at and never followed',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 10,
  settings: FstatSettings,
  query: z
    .string()
    .max(1024)
    .regex(/^\/[^\p{Cc}]*$/u, 'an absolute path')
    .describe('Absolute path of the file')
    .meta({ prompt: 'File Name' }),
  output: z.strictObject({
    name: z.string().describe('File name').meta({ display_as: 'Name' }),
    output: z
      .string()
      .describe('present or not present, and why there is no digest')
      .meta({ display_as: 'Status' }),
    present: z.number().int().describe('1 when it is there, else 0').meta({ display_as: 'Present' }),
    size: z.number().int().describe('Bytes').meta({ display_as: 'Size' }),
    mode: z.string().describe('Octal, type included: 100644').meta({ display_as: 'Mode' }),
    md5: z.string().describe('MD5 of a regular file, hex; else empty').meta({ display_as: 'MD5' }),
    sha256: z.string().describe('SHA-256 of a regular file, hex; else empty').meta({ display_as: 'SHA-256' }),
    mtime: z.string().describe('Last change of the content, UTC').meta({ display_as: 'Modification time' }),
    ctime: z
      .string()
      .describe('Last change of content, owner or mode, UTC')
      .meta({ display_as: 'Change time' }),
    atime: z.string().describe('Last access, UTC').meta({ display_as: 'Access time' }),
    mtime_seconds: seconds('Last change of the content').meta({ display_as: 'Modification time (epoch)' }),
    ctime_seconds: seconds('Last change of content, owner or mode').meta({
      display_as: 'Change time (epoch)',
    }),
    atime_seconds: seconds('Last access').meta({ display_as: 'Access time (epoch)' }),
    mtime_age: age('change of the content').meta({ display_as: 'Modification age' }),
    ctime_age: age('change of content, owner or mode').meta({ display_as: 'Change age' }),
    atime_age: age('access').meta({ display_as: 'Access age' }),
    uid: z.number().int().describe('Number of the owner').meta({ display_as: 'Owner' }),
    gid: z.number().int().describe('Number of the group').meta({ display_as: 'Group' }),
    type: z
      .string()
      .describe('file, directory, symlink, socket, chardev, blockdev, fifo or unknown')
      .meta({ display_as: 'Type' }),
  }),
});

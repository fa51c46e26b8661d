import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';

const places = (what: string) =>
  z
    .string()
    .regex(/^(\/[^:]*(:\/[^:]*)*)?$/, 'expected absolute paths with colons between')
    .default('')
    .describe(what);

/** Settings `filemgr.*` of the daemon. */
export const FilemgrSettings = z.strictObject({
  paths: places(
    'Files and folders, separated by colons, that may be looked at and read (status, md5, tail); without any the agent is not served',
  ),
  write_paths: places(
    'Files and folders in which `touch` may create and touch files; these may also be read',
  ),
  max_digest_mb: z.coerce
    .number()
    .min(0)
    .max(65_536)
    .default(1024)
    .describe('Largest file that is digested, in MB'),
});

const file = z
  .string()
  .max(1024)
  .regex(/^(\/[^/\p{Cc}]+)+$/u, 'an absolute path')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'a path without . and ..')
  .describe('Absolute path')
  .meta({ prompt: 'File' });

/** Files of the node, of those places that its config lists. *Source:* MCollective's filemgr agent. */
export const filemgr = defineDdl({
  name: 'filemgr',
  description: 'Looks at files, reads their ends and touches them, in the places that the node allows',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 60,
  settings: FilemgrSettings,
  actions: {
    status: {
      description: 'What is known of a file, without its content',
      display: 'always',
      input: z.strictObject({ file }),
      output: z.strictObject({
        name: z.string().describe('Path, symbolic links followed').meta({ display_as: 'Name' }),
        present: z.boolean().describe('Is it there?').meta({ display_as: 'Present' }),
        type: z.string().optional().describe('file, directory, symlink, …').meta({ display_as: 'Type' }),
        size: z.number().int().optional().describe('Bytes').meta({ display_as: 'Size' }),
        mode: z.string().optional().describe('Octal, type included').meta({ display_as: 'Mode' }),
        uid: z.number().int().optional().describe('Number of the owner').meta({ display_as: 'Owner' }),
        gid: z.number().int().optional().describe('Number of the group').meta({ display_as: 'Group' }),
        mtime: z.string().optional().describe('UTC').meta({ display_as: 'Modification time' }),
        ctime: z.string().optional().describe('UTC').meta({ display_as: 'Change time' }),
        atime: z.string().optional().describe('UTC').meta({ display_as: 'Access time' }),
        mtime_age: z.number().int().optional().describe('Seconds').meta({ display_as: 'Modification age' }),
      }),
      aggregate: [{ function: 'summary', output: 'present' }],
    },
    md5: {
      description: 'Digests of a regular file',
      display: 'always',
      input: z.strictObject({ file }),
      output: z.strictObject({
        md5: z.string().describe('Hex').meta({ display_as: 'MD5' }),
        sha256: z.string().describe('Hex').meta({ display_as: 'SHA-256' }),
        size: z.number().int().describe('Bytes').meta({ display_as: 'Size' }),
      }),
      aggregate: [{ function: 'summary', output: 'md5' }],
    },
    tail: {
      description: 'Last lines of a regular file',
      display: 'always',
      input: z.strictObject({
        file,
        lines: z
          .number()
          .int()
          .min(1)
          .max(500)
          .default(10)
          .describe('How many lines, at most')
          .meta({ prompt: 'Lines' }),
      }),
      output: z.strictObject({
        lines: z
          .array(z.string())
          .describe(
            'Oldest first, each cut at 1,000 characters, control characters as ?; what looks like a secret is hidden',
          )
          .meta({ display_as: 'Lines' }),
        cut: z
          .boolean()
          .describe('Fewer lines than asked for, because the reply would be too long')
          .meta({ display_as: 'Cut' }),
        size: z.number().int().describe('Bytes of the whole file').meta({ display_as: 'Size' }),
      }),
    },
    touch: {
      description: 'Sets the times of a regular file to now, or creates it empty',
      display: 'failed',
      input: z.strictObject({ file }),
      output: z.strictObject({
        created: z.boolean().describe('False: it was there').meta({ display_as: 'Created' }),
      }),
      aggregate: [{ function: 'summary', output: 'created' }],
    },
  },
});

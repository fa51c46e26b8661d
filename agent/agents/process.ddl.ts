import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';

const one = z.strictObject({
  pid: z.number().int(),
  ppid: z.number().int(),
  user: z.string().describe('Name, or number where it has none'),
  state: z.string().describe('R runs, S sleeps, D waits for a disk, Z zombie, T stopped, I idle'),
  name: z.string().describe('Name of the program, as the kernel has it'),
  command: z.string().describe('Command line, cut at 200 characters; what looks like a secret is hidden'),
  rss: z.number().int().describe('Resident memory, bytes'),
  vsize: z.number().int().describe('Virtual memory, bytes'),
  cpu_s: z.number().describe('Processor time used, seconds'),
  cpu_percent: z.number().describe('Processor time over its life, percent of one core'),
  age_s: z.number().int().describe('Seconds since it was started'),
});
/** One process, as the DDL declares it. */
export type ProcessLook = z.output<typeof one>;

/** Processes of the node, from /proc. *Source:* MCollective's process agent; proc(5). */
export const process = defineDdl({
  name: 'process',
  description: 'Lists processes of the node',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 20,
  actions: {
    list: {
      description: 'Processes whose name or command line fits, by process id',
      display: 'always',
      input: z.strictObject({
        pattern: z
          .string()
          .max(200)
          .regex(/^[^\p{Cc}]*$/u, 'no control characters')
          .optional()
          .describe('Regular expression (RE2), found anywhere in the name or the shown command line')
          .meta({ prompt: 'Pattern' }),
        user: z
          .string()
          .max(64)
          .regex(/^[A-Za-z0-9_.@$\\-]+$/)
          .optional()
          .describe('Only processes of this user, by name or number')
          .meta({ prompt: 'User' }),
        just_zombies: z.boolean().default(false).describe('Only zombies').meta({ prompt: 'Zombies Only' }),
        limit: z
          .number()
          .int()
          .min(1)
          .max(500)
          .default(200)
          .describe('Most processes that are told')
          .meta({ prompt: 'Limit' }),
      }),
      output: z.strictObject({
        pslist: z.array(one).meta({ display_as: 'Processes' }),
        count: z.number().int().describe('How many fit, told or not').meta({ display_as: 'Count' }),
      }),
      aggregate: [{ function: 'summary', output: 'count' }],
    },
  },
});

import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';

/** Settings `shell.*` of the daemon. */
export const ShellSettings = z.strictObject({
  enabled: z
    .stringbool()
    .default(false)
    .describe(
      'Serve this agent. Nobody may call it even then before the site writes a `shell.policy`: no other policy opens it',
    ),
});

/** Any command, for those few who may. Off until a setting and a policy say otherwise. *Source:* MCollective's shell agent. */
export const shell = defineDdl({
  name: 'shell',
  description:
    'Runs commands on the node; off until the setting shell.enabled and a shell.policy of the site turn it on',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 310,
  settings: ShellSettings,
  actions: {
    run: {
      description: "Runs a text by /bin/sh as the daemon's user; the text is in the audit of the node",
      display: 'always',
      changes: true,
      input: z.strictObject({
        command: z
          .string()
          .min(1)
          .max(8192)
          .regex(/^[^\0]*$/, 'no NUL')
          .describe('For /bin/sh -c. It is recorded: no secrets in it')
          .meta({ prompt: 'Command' }),
        timeout_s: z
          .number()
          .int()
          .min(1)
          .max(300)
          .default(30)
          .describe('Seconds after which it is killed with all that it started')
          .meta({ prompt: 'Time-out' }),
      }),
      output: z.strictObject({
        stdout: z.string().describe('Its first 20 KB').meta({ display_as: 'Output' }),
        stderr: z.string().describe('Its first 20 KB').meta({ display_as: 'Error Output' }),
        exitcode: z
          .number()
          .int()
          .nullable()
          .describe('null when it was killed')
          .meta({ display_as: 'Exit Code' }),
        success: z.boolean().describe('Exit code 0').meta({ display_as: 'Success' }),
        timed_out: z.boolean().describe('Its time was over').meta({ display_as: 'Timed Out' }),
      }),
      aggregate: [{ function: 'summary', output: 'exitcode' }],
    },
  },
});

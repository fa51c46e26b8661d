import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl, nothing } from '../../src/core/ddl.ts';

/** Settings `nrpe.*` of the daemon. */
export const NrpeSettings = z.strictObject({
  conf_dir: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .default('/etc/nagios/nrpe.d')
    .describe(
      'Folder of command files, `*.cfg` with lines `command[NAME]=LINE`, that only root can write; the agent is served where it is there',
    ),
  conf_file: z
    .string()
    .default('')
    .describe(
      'One more command file, such as /etc/nagios/nrpe.cfg; a relative path is one in that folder; empty for none',
    ),
  user: z
    .string()
    .regex(/^([a-z_][a-z0-9_-]{0,31})?$/)
    .default('')
    .describe("User that checks run as, such as nagios; empty: the daemon's own"),
  timeout_s: z.coerce.number().min(1).max(50).default(20).describe('Seconds that one check may take'),
});

/** States of a check by its exit code. *Source:* Nagios plug-in API. */
export const NAGIOS_STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

const result = z.strictObject({
  command: z.string().describe('Name of the check').meta({ display_as: 'Command' }),
  exitcode: z
    .number()
    .int()
    .min(0)
    .max(3)
    .describe('0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; what else a plug-in gives is 3')
    .meta({ display_as: 'Exit Code' }),
  state: z.enum(NAGIOS_STATES).describe('The same as a word').meta({ display_as: 'State' }),
  output: z.string().describe('Text of the plug-in').meta({ display_as: 'Output' }),
  perfdata: z
    .string()
    .describe('What stands after the | in its output')
    .meta({ display_as: 'Performance Data' }),
});
/** What a check said, as the DDL declares it. */
export type CheckResult = z.output<typeof result>;

/** Name of a check, as in `command[NAME]=`. */
export const checkName = z
  .string()
  .max(100)
  .regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/, 'letters, digits, _, - and dots')
  .describe('Name of the check in the command files of the node')
  .meta({ prompt: 'Command' });

/** Checks of the node. Nothing of a command line ever comes with a request. *Source:* MCollective's nrpe agent, NRPE's command files. */
export const nrpe = defineDdl({
  name: 'nrpe',
  description: "Runs the node's own Nagios checks, by name",
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 60,
  settings: NrpeSettings,
  actions: {
    runcommand: {
      description: 'Run one check',
      display: 'always',
      input: z.strictObject({ command: checkName }),
      output: result,
      aggregate: [{ function: 'summary', output: 'state' }],
    },
    runallcommands: {
      description: 'Run all checks of the node',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        commands: z.array(result).describe('One entry a check, by name').meta({ display_as: 'Commands' }),
        state: z
          .enum(NAGIOS_STATES)
          .describe('CRITICAL when any is, else the highest exit code')
          .meta({ display_as: 'State' }),
      }),
      aggregate: [{ function: 'summary', output: 'state' }],
    },
  },
});

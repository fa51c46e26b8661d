import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';

/** Settings `nagios.*` of the daemon. */
export const NagiosSettings = z.strictObject({
  command_file: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .default('/var/lib/nagios4/rw/nagios.cmd')
    .describe("Nagios' (or Icinga 1's) external command file: a FIFO"),
  objects_file: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .default('/var/lib/nagios4/objects.cache')
    .describe(
      "Nagios' object cache: hosts and services that are not in it are refused; no such file: no check",
    ),
});

/** Fields of an external command are separated by `;`, and a line feed ends it: neither may be in a name or a text. */
const field = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(/^[^;\p{Cc}\p{Zl}\p{Zp}]*$/u, 'no semicolons, no control characters');

const host = field(253).describe('Host, by its name in Nagios').meta({ prompt: 'Host' });
const service = field(200)
  .optional()
  .describe('Service of it, by its description in Nagios; without: the host')
  .meta({ prompt: 'Service' });
const comment = (text: string) =>
  field(500).default(text).describe('Comment that Nagios shows').meta({ prompt: 'Comment' });

const written = z.strictObject({
  written: z
    .array(z.string())
    .describe('Commands that Nagios was given; it answers nothing')
    .meta({ display_as: 'Written' }),
});

/** Downtimes and acknowledgements of the Nagios on the node. *Source:* Nagios Core external commands. */
export const nagios = defineDdl({
  name: 'nagios',
  description: 'Schedules downtimes and acknowledges problems by the command file of the Nagios on the node',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 10,
  settings: NagiosSettings,
  actions: {
    maintenance: {
      description: 'Schedules a downtime from now on, of a host with all its services or of one service',
      display: 'failed',
      input: z.strictObject({
        ...{ host, service },
        duration_s: z
          .number()
          .int()
          .min(60)
          .max(30 * 86_400)
          .default(300)
          .describe('Seconds')
          .meta({ prompt: 'Seconds' }),
        services: z.boolean().default(true).describe("Without a service: the host's services too"),
        comment: comment('maintenance'),
      }),
      output: z.strictObject({
        ...written.shape,
        until: z.string().describe('End of the downtime, UTC').meta({ display_as: 'Until' }),
      }),
    },
    acknowledge: {
      description: 'Acknowledges the problem of a host or service',
      display: 'failed',
      input: z.strictObject({
        ...{ host, service },
        comment: comment('acknowledged'),
        sticky: z
          .boolean()
          .default(true)
          .describe('Until it is well again, whatever bad state comes between'),
        notify: z.boolean().default(false).describe('Tell the contacts'),
      }),
      output: written,
    },
    remove: {
      description: 'Ends downtimes, or takes an acknowledgement back',
      display: 'failed',
      input: z.strictObject({
        ...{ host, service },
        what: z
          .enum(['downtime', 'acknowledgement'])
          .default('downtime')
          .describe(
            'All downtimes of the service, or of the host with all its services; or the acknowledgement',
          ),
      }),
      output: written,
    },
  },
});

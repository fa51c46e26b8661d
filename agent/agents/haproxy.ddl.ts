import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';

/** Settings `haproxy.*` of the daemon. */
export const HaproxySettings = z.strictObject({
  socket: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .default('/run/haproxy/admin.sock')
    .describe('Stats socket of HAProxy, with `level admin` for all but `state`'),
});

const server = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_.:-]{1,99}\/[A-Za-z0-9_.:-]{1,99}$/, 'backend/server')
  .describe('Server as backend/server')
  .meta({ prompt: 'Server' });

const shape = {
  server: z.string().describe('backend/server').meta({ display_as: 'Server' }),
  status: z
    .string()
    .describe('As HAProxy says it: UP, DOWN, MAINT, DRAIN, no check, …')
    .meta({ display_as: 'Status' }),
  admin: z
    .enum(['ready', 'drain', 'maint'])
    .describe('What was asked of it: drain takes no new sessions, maint none at all and no health checks')
    .meta({ display_as: 'Mode' }),
  check: z
    .string()
    .describe('Result of its last health check: L4OK, L7OK, L4CON, …; empty without checks')
    .meta({ display_as: 'Check' }),
  sessions: z.number().int().describe('Sessions now').meta({ display_as: 'Sessions' }),
  queued: z.number().int().describe('Requests that wait for it').meta({ display_as: 'Queued' }),
  weight: z.number().int().describe('Effective weight').meta({ display_as: 'Weight' }),
  address: z.string().describe('Address and port').meta({ display_as: 'Address' }),
  since_s: z
    .number()
    .int()
    .describe('Seconds since its status changed')
    .meta({ display_as: 'Seconds In Status' }),
};
const state = z.strictObject(shape);
/** One server of HAProxy, as the DDL declares it. */
export type HaproxyServer = z.output<typeof state>;

const changed = z.strictObject({
  ...shape,
  before: z.string().describe('Status before').meta({ display_as: 'Before' }),
  changed: z.boolean().describe('False: it was so already').meta({ display_as: 'Changed' }),
});

const waitS = (what: string) =>
  z
    .number()
    .int()
    .min(0)
    .max(120)
    .default(0)
    .describe(`Seconds to wait until ${what}; it is an error when it is not so by then. 0: do not wait`)
    .meta({ prompt: 'Wait' });

/** Servers behind the node's HAProxy. *Source:* HAProxy management guide, Unix socket commands. */
export const haproxy = defineDdl({
  name: 'haproxy',
  description: 'Takes servers out of the HAProxy of the node and back in, by its stats socket',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 150,
  settings: HaproxySettings,
  actions: {
    state: {
      description: 'Servers with status, sessions and weight',
      display: 'always',
      input: z.strictObject({
        backend: z
          .string()
          .max(99)
          .regex(/^[A-Za-z0-9_.:-]+$/)
          .optional()
          .describe('Only servers of this backend'),
        server: server.optional().describe('Only this server, as backend/server'),
      }),
      output: z.strictObject({ servers: z.array(state).meta({ display_as: 'Servers' }) }),
    },
    disable_server: {
      description: 'Puts a server into maintenance: no sessions, no health checks',
      display: 'failed',
      input: z.strictObject({ server }),
      output: changed,
    },
    drain: {
      description: 'Gives a server no new sessions; those it has may end',
      display: 'failed',
      input: z.strictObject({ server, wait_s: waitS('its sessions have ended') }),
      output: changed,
    },
    enable_server: {
      description: 'Takes a server back in, out of maintenance and drain',
      display: 'failed',
      input: z.strictObject({ server, wait_s: waitS('its health check says that it is up') }),
      output: changed,
    },
  },
});

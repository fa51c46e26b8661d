import { z } from 'zod';

/** Name of a service or unit; never beginning with a dash, so it is never taken for an option, nor holding a slash. */
export const serviceName = z
  .string()
  .max(90)
  .regex(/^[a-zA-Z0-9_][a-zA-Z0-9:_.@+-]*$/, 'a name such as nginx or getty@tty1.service');

/** How a service stands. */
export const serviceStatus = z.enum(['running', 'stopped', 'failed', 'starting', 'stopping', 'unknown']);
/** One of {@link serviceStatus}. */
export type ServiceStatus = z.output<typeof serviceStatus>;

/** Settings of the agent `service`: where services are on this node. *Source:* sd_booted(3) for the folder of systemd. */
export const ServiceSettings = z.strictObject({
  systemd_dir: z
    .string()
    .default('/run/systemd/system')
    .describe('Folder that is there where systemd runs; without it, init scripts are used'),
  systemctl: z.string().default('systemctl').describe('Program that asks systemd'),
  init_dir: z.string().default('/etc/init.d').describe('Folder of init scripts'),
  rc_dir: z.string().default('/etc').describe('Folder of rc?.d'),
});

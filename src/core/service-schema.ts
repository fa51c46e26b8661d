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

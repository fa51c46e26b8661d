import { MusterError } from '../../src/core/errors.ts';
import type { ServiceStatus } from '../../src/core/service-schema.ts';

/** How one service stands. */
export interface ServiceStand {
  readonly status: ServiceStatus;
  /** null where it cannot be told. */
  readonly enabled: boolean | null;
}

/** What can be done with a service. */
export type ServiceVerb = 'start' | 'stop' | 'restart' | 'enable' | 'disable';

/** The services of this machine. Both throw NOT_FOUND when there is no such service, PROGRAM_FAILED with the last lines. */
export interface Services {
  look(name: string, signal: AbortSignal): Promise<ServiceStand>;
  act(verb: ServiceVerb, name: string, signal: AbortSignal): Promise<void>;
}

/** NOT_FOUND for a service. */
export function noService(name: string): MusterError {
  return new MusterError('NOT_FOUND', `there is no service ${name} on this node`);
}

import type { Region, Zone } from './regions.ts';

/** EC2's states with their codes. *Source:* EC2 API reference, InstanceState. */
export const STATE_CODES = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

/** One of EC2's six instance states. */
export type InstanceState = keyof typeof STATE_CODES;

/** Why an instance is in its state, in AWS's words. */
export interface StateReason {
  readonly code: string;
  readonly message: string;
}

/** How IMDS treats one instance. */
export interface MetadataOptions {
  httpEndpoint: 'enabled' | 'disabled';
  httpTokens: 'required' | 'optional';
  hopLimit: number;
  instanceMetadataTags: 'enabled' | 'disabled';
}

/** What a launch asks for one instance, already checked. */
export interface InstanceSpec {
  readonly region: Region;
  readonly zone: Zone;
  readonly imageId: string;
  readonly instanceType: string;
  /** Raw bytes, not base64. */
  readonly userData: Buffer | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly metadataOptions: MetadataOptions;
  readonly profileArn: string | undefined;
  readonly keyName: string | undefined;
  readonly securityGroupIds: readonly string[];
  readonly shutdownBehavior: 'stop' | 'terminate';
  readonly clientToken: string | undefined;
  readonly reservationId: string;
  readonly launchIndex: number;
}

/** One instance as the local EC2 knows it, from launch until an hour after its end. */
export interface Instance {
  readonly id: string;
  readonly spec: InstanceSpec;
  readonly address: string;
  readonly mac: string;
  /** Short host name, e.g. `ip-10-77-1-10`. */
  readonly hostname: string;
  /** Private DNS name as EC2 makes it. */
  readonly dnsName: string;
  readonly tags: Map<string, string>;
  /** Order of launch; pages are cut along it. */
  readonly sequence: number;
  readonly createdAtMs: number;
  /** Until then the API denies that it exists (eventual consistency). */
  readonly visibleFromMs: number;
  state: InstanceState;
  stateReason: StateReason | undefined;
  /** Free text beside the state, e.g. `User initiated (2026-11-21 07:00:00 GMT)`. */
  transitionReason: string;
  /** Last power-on (launch or start, not reboot): LaunchTime, and pendingTime of the identity document. */
  poweredOnAtMs: number;
  terminatedAtMs: number | undefined;
}

/** Has it not come to its end, nor is on the way there? */
export function isLive(instance: Instance): boolean {
  return instance.state !== 'terminated' && instance.state !== 'shutting-down';
}

/** A time in EC2's form: ISO 8601 in UTC, whole seconds. */
export function isoSeconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

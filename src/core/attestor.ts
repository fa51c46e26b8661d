import type { Facts } from './inventory.ts';
import type { Hello } from './messages.ts';
import type { Plugin } from './plugin.ts';

/** What an attestor vouches for. The certname is made by the controller from it, never taken from the node. */
export interface Attestation {
  readonly instanceId: string;
  /** Names one power-on of the instance; with instance id it is what is claimed once, e.g. EC2's pendingTime. */
  readonly claim: string;
  readonly region: string | null;
  readonly facts: Facts;
  /** For people: what was checked, e.g. 'join token'. */
  readonly evidence: string;
}

/** Who it is, or a refusal. */
export type AttestationResult =
  | { readonly ok: true; readonly attestation: Attestation }
  /** `reason` is a fixed upper-case code for counters and audit; `detail` is for the log only. */
  | { readonly ok: false; readonly reason: string; readonly detail: string };

/** What EC2 itself says of an instance, as far as attestors ask. Times in milliseconds since the epoch. */
export interface DescribedInstance {
  readonly accountId: string;
  /** EC2's state, e.g. `running`. */
  readonly state: string;
  readonly imageId: string;
  readonly privateIp: string | undefined;
  readonly vpcId: string | undefined;
  readonly subnetId: string | undefined;
  /** Last power-on. */
  readonly launchedAtMs: number | undefined;
  /** `required` when its metadata service speaks IMDSv2 only. */
  readonly httpTokens: string | undefined;
  readonly rootAttachedAtMs: number | undefined;
  readonly cardAttachedAtMs: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** Looks up one instance, many askers at a time in one call; null when EC2 does not know it, even after some wait. Throws EC2_*. */
export type DescribeInstance = (
  region: string,
  instanceId: string,
  signal: AbortSignal,
) => Promise<DescribedInstance | null>;

/** What an attestor may use beside the hello. */
export interface AttestContext {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** Only where there is an EC2 to ask. */
  readonly describe?: DescribeInstance;
  /** Did the bus key of this hello claim this power-on before? Then it only repeats itself. */
  readonly holds?: (instanceId: string, claim: string) => Promise<boolean>;
  /** Spends the one-time token of this name for the bus key of this hello; false when it is wrong, over or another key's. */
  readonly spendToken?: (name: string, token: string) => Promise<boolean>;
}

/** Proves which instance says hello, or says why not. Cheap checks first. Throws only what may be over soon, e.g. EC2_THROTTLED. */
export interface Attestor<O = unknown> extends Plugin<O> {
  attest(hello: Hello, options: O, context: AttestContext): Promise<AttestationResult>;
}

/** Declares an attestor; only gives the value its type. */
export function defineAttestor<O>(attestor: Attestor<O>): Attestor<O> {
  return attestor;
}

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

/** Proves which instance says hello, or says why not. Cheap checks first. */
export interface Attestor<O = unknown> extends Plugin<O> {
  attest(
    hello: Hello,
    options: O,
    context: { nowMs: number; signal: AbortSignal },
  ): Promise<AttestationResult>;
}

/** Declares an attestor; only gives the value its type. */
export function defineAttestor<O>(attestor: Attestor<O>): Attestor<O> {
  return attestor;
}

import { isDeepStrictEqual } from 'node:util';
import type { PlanEntry } from '../core/config/plan.ts';
import { redactFields } from '../core/redact.ts';

/** What redaction puts into the place of a secret. */
const HIDDEN = /\[(?:redacted|[\w ]+, sha256 [0-9a-f]{16})[^\]]*\]/;

/** A plan as it may be stored: what is secret in the options is hidden. Pure. */
export function storedPlan(plan: readonly PlanEntry[]): PlanEntry[] {
  return plan.map(({ step, options }) => ({ step, options: redactFields(options) }));
}

/**
 * The options of a stored entry with their secrets, which stand in the config alone: those of the configured entry that
 * looks the same when its secrets are hidden. null when there is none any more and something is hidden. Pure.
 */
export function optionsOf(entry: PlanEntry, configured: readonly PlanEntry[]): PlanEntry['options'] | null {
  const same = configured.find(
    ({ step, options }) => step === entry.step && isDeepStrictEqual(redactFields(options), entry.options),
  );
  if (same !== undefined) return same.options;
  return HIDDEN.test(JSON.stringify(entry.options)) ? null : entry.options;
}

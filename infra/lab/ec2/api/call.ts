import type { Clock } from '../../../../src/core/clock.ts';
import type { Fleet } from '../fleet.ts';
import type { Instance } from '../instance.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../regions.ts';
import type { Form } from './form.ts';
import type { Xml } from './xml.ts';

/** One authenticated call. */
export interface Call {
  readonly form: Form;
  readonly region: Region;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Answers of earlier RunInstances by region and client token. */
  readonly launches: Map<string, Launch>;
}

/** What a client token stands for. */
export interface Launch {
  readonly fingerprint: string;
  readonly instances: readonly Instance[];
}

/** An action of the API: first parts of the parameters that it knows, and what it does. */
export interface Action {
  readonly accepts: readonly string[];
  run(call: Call): Xml | Promise<Xml>;
}

/**
 * The named instances of the call's region, in the order of the call.
 * @throws Refusal InvalidInstanceID.Malformed, InvalidInstanceID.NotFound
 */
export function findInstances(call: Call, ids: readonly string[]): Instance[] {
  for (const id of ids) {
    if (/^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) continue;
    throw new Refusal('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  }
  const known = new Map(call.fleet.visible(call.region).map((instance) => [instance.id, instance]));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length > 0) {
    const [noun, verb] = missing.length === 1 ? ['ID', 'does'] : ['IDs', 'do'];
    const message = `The instance ${noun} '${missing.join(', ')}' ${verb} not exist`;
    throw new Refusal('InvalidInstanceID.NotFound', message);
  }
  return ids.flatMap((id) => known.get(id) ?? []);
}

/** The instances that `InstanceId.N` names; at least one. @throws Refusal as {@link findInstances}, MissingParameter */
export function requiredInstances(call: Call): Instance[] {
  const ids = call.form.list('InstanceId');
  if (ids.length === 0)
    throw new Refusal('MissingParameter', 'The request must contain the parameter InstanceId');
  return findInstances(call, [...new Set(ids)]);
}

/** @throws Refusal DryRunOperation when the call only asks whether it would be allowed */
export function stopIfDry(call: Call): void {
  if (!call.form.flag('DryRun')) return;
  throw new Refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
}

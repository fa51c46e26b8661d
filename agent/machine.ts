import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import type { FactStore } from './facts.ts';
import { createImds } from './imds.ts';
import { ec2Facts, type Instance, readInstance } from './instance.ts';
import { createProveRole, type ProveRole } from './role.ts';

/** Which machine this is. */
export interface Machine {
  readonly instanceId: string;
  /** null where there is no EC2: another attestor than EC2's must vouch for the node. */
  readonly ec2: Ec2Machine | null;
}

/** What EC2 says of this machine, and how it proves its role. */
type Ec2Machine = Instance & { readonly proveRole: ProveRole };

interface MachineContext {
  readonly facts: FactStore;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The metadata service may come up later than the daemon: about two minutes. */
const NEEDED_TRIES = 30;
const OPTIONAL_TRIES = 3;

/**
 * The instance id, by the metadata service or, where the config gives one, by that; EC2's facts go into the fact store.
 * Throws NODE_IO when the metadata service is needed and does not answer.
 */
export async function readMachine(config: DaemonConfig, context: MachineContext): Promise<Machine> {
  if (config.instance_id !== undefined) {
    return { instanceId: config.instance_id, ec2: await readOptionalEc2(config, context) };
  }
  const ec2 = await readEc2(config, context, NEEDED_TRIES);
  return { instanceId: ec2.instanceId, ec2 };
}

/** EC2's word where there is one, else null; never throws. */
export async function readOptionalEc2(
  config: DaemonConfig,
  context: MachineContext,
): Promise<Ec2Machine | null> {
  if (!config.facts.imds) return null;
  return readEc2(config, context, OPTIONAL_TRIES).catch((cause: unknown) => {
    context.log.info(
      { err: asMusterError(cause).message },
      'no EC2 facts: set facts.imds to false where there is no EC2',
    );
    return null;
  });
}

async function readEc2(config: DaemonConfig, context: MachineContext, tries: number): Promise<Ec2Machine> {
  const imds = createImds({ url: config.facts.imds_url, log: context.log, signal: context.signal, tries });
  const instance = await readInstance(imds);
  if (config.facts.imds) context.facts.setEc2(await ec2Facts(imds, instance.region));
  return { ...instance, proveRole: createProveRole(imds, instance.region, context.log) };
}

import type { Ec2 } from './client.ts';
import { describeInstances } from './describe.ts';
import { awsCode } from './errors.ts';

/**
 * Terminates instances and answers with the ids that EC2 does not know: gone for an hour or more, or launched so
 * lately that EC2 does not show them yet. Safe to repeat.
 * Throws as {@link Ec2.call}.
 */
export async function terminateInstances(
  ec2: Ec2,
  region: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  try {
    await terminate(ec2, region, ids);
    return [];
  } catch (error) {
    if (awsCode(error) !== 'InvalidInstanceID.NotFound') throw error;
    // One unknown id fails the whole call.
    const { found, missing } = await describeInstances(ec2, region, ids);
    if (found.size > 0) await terminate(ec2, region, [...found.keys()]);
    return [...missing];
  }
}

function terminate(ec2: Ec2, region: string, ids: readonly string[]): Promise<void> {
  return ec2.call(region, 'terminate instances', async (client, sdk) => {
    await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [...ids] }));
  });
}

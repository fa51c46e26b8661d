import type { Filter } from '@aws-sdk/client-ec2';
import type { Ec2 } from './client.ts';
import { type Ec2Instance, fromSdk } from './instance.ts';

/** EC2's limit of values in one filter. */
const IDS_A_CALL = 200;
const PAGE_SIZE = 1000;

/** Answer of {@link describeInstances}. */
export interface Described {
  readonly found: ReadonlyMap<string, Ec2Instance>;
  /** Ids that EC2 does not know, or does not know yet: it may take minutes after a launch. */
  readonly missing: readonly string[];
}

/**
 * Looks up instances by id. The ids go as a filter: as a list of ids one that EC2 does not know would fail them all,
 * and no pages could be asked for. Throws as {@link Ec2.call}.
 */
export async function describeInstances(
  ec2: Ec2,
  region: string,
  ids: readonly string[],
): Promise<Described> {
  const wanted = [...new Set(ids)];
  const found = new Map<string, Ec2Instance>();
  for (let at = 0; at < wanted.length; at += IDS_A_CALL) {
    const filters = [{ Name: 'instance-id', Values: wanted.slice(at, at + IDS_A_CALL) }];
    for (const instance of await findInstances(ec2, region, filters)) found.set(instance.id, instance);
  }
  return { found, missing: wanted.filter((id) => !found.has(id)) };
}

/**
 * All instances that match every filter, page by page, terminated ones of the last hour too.
 * Throws as {@link Ec2.call}.
 */
export function findInstances(ec2: Ec2, region: string, filters: readonly Filter[]): Promise<Ec2Instance[]> {
  return ec2.call(region, 'describe instances', async (client, sdk) => {
    const instances: Ec2Instance[] = [];
    const input = { Filters: [...filters] };
    for await (const page of sdk.paginateDescribeInstances({ client, pageSize: PAGE_SIZE }, input)) {
      for (const { OwnerId = '', Instances = [] } of page.Reservations ?? []) {
        instances.push(...Instances.flatMap((each) => fromSdk(region, OwnerId, each) ?? []));
      }
    }
    return instances;
  });
}

import type { ControllerConfig } from '../../core/config/controller.ts';
import { createEc2, type Ec2 } from '../../ec2/client.ts';
import type { Ec2Instance } from '../../ec2/instance.ts';
import { launchInstances } from '../../ec2/launch.ts';
import { userDataFor } from './userdata.ts';

/** The image that the local EC2 of the lab offers in every region. */
const LAB_IMAGE = 'ami-0deb1200000000001';

/** Runs `use` with EC2 as the config says, and lets go of its connections. */
export async function withEc2<T>(config: ControllerConfig, use: (ec2: Ec2) => Promise<T>): Promise<T> {
  const ec2 = createEc2({ endpoint: config.ec2.endpoint, credentialsFile: config.ec2.credentials_file });
  try {
    return await use(ec2);
  } finally {
    ec2.close();
  }
}

/** Launches instances of a group in the lab, as an autoscaling group would. Throws EC2_*, and what {@link userDataFor} throws. */
export async function launchInLab(
  config: ControllerConfig,
  wish: { region: string; count: number; group: string; facts: readonly string[]; instanceId?: string },
): Promise<Ec2Instance[]> {
  const userData = await userDataFor(config, wish.group, wish.facts);
  const forced = wish.instanceId === undefined ? {} : { 'muster-lab:instance-id': wish.instanceId };
  return withEc2(config, (ec2) =>
    launchInstances(ec2, {
      region: wish.region,
      count: wish.count,
      imageId: LAB_IMAGE,
      instanceType: 't3.micro',
      userData,
      // The role that the lab's config asks the nodes of its group to prove.
      profile: wish.group,
      tags: { Name: `muster-lab-${wish.group}`, ...forced },
    }),
  );
}

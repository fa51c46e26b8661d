import type { Instance } from '../instance.ts';
import { badValue, Refusal } from '../refusal.ts';
import { type Action, type Call, stopIfDry } from './call.ts';
import { readCount, readSpec } from './launch-spec.ts';
import { reservationXml } from './views.ts';

/** A tag that, at launch only, forces the id of the instance: to test what a reused name does. */
const FORCED_ID_TAG = 'muster-lab:instance-id';

const MAX_TOKEN_LENGTH = 64;

/** RunInstances. *Source:* EC2 API reference; idempotency: "Ensuring idempotency in Amazon EC2 API requests". */
export const runInstances: Action = {
  accepts: [
    ...['ImageId', 'InstanceType', 'MinCount', 'MaxCount', 'UserData', 'TagSpecification', 'ClientToken'],
    ...['Placement', 'SubnetId', 'PrivateIpAddress', 'IamInstanceProfile', 'MetadataOptions', 'KeyName'],
    ...['SecurityGroupId', 'InstanceInitiatedShutdownBehavior'],
  ],
  run(call) {
    const { form, launches, region } = call;
    const token = form.text('ClientToken') ?? '';
    if (token.length > MAX_TOKEN_LENGTH)
      throw badValue('Value for parameter clientToken is longer than 64 characters.');
    const key = `${region.name} ${token}`;
    const fingerprint = form.fingerprint(['ClientToken', 'Action', 'Version']);
    const earlier = token === '' ? undefined : launches.get(key);
    if (earlier && earlier.fingerprint !== fingerprint) {
      const message =
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).';
      throw new Refusal('IdempotentParameterMismatch', message);
    }
    const instances = earlier?.instances ?? launch(call);
    if (token !== '') launches.set(key, { fingerprint, instances });
    return reservationXml(instances[0]?.spec.reservationId ?? '', instances);
  },
};

function launch(call: Call): Instance[] {
  const { form, region, fleet } = call;
  const count = readCount(form);
  const spec = readSpec(form, region);
  const address = form.text('PrivateIpAddress');
  const id = spec.tags.get(FORCED_ID_TAG);
  if (count.max > 1 && (address !== undefined || id !== undefined)) {
    const message = 'PrivateIpAddress and a forced id go with one instance only';
    throw new Refusal('InvalidParameterCombination', message);
  }
  stopIfDry(call);
  const instances: Instance[] = [];
  while (instances.length < count.max) {
    try {
      instances.push(fleet.launch({ ...spec, launchIndex: instances.length }, { id, address }));
    } catch (problem) {
      // As many as can be had, if that is enough; else none.
      if (instances.length >= count.min) break;
      fleet.power.terminate(instances);
      throw problem;
    }
  }
  return instances;
}

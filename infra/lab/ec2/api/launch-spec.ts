import { randomBytes } from 'node:crypto';
import type { InstanceSpec, MetadataOptions } from '../instance.ts';
import { badValue, Refusal } from '../refusal.ts';
import { ACCOUNT_ID, type Region, type Zone } from '../regions.ts';
import { findImage } from './fixed.ts';
import type { Form } from './form.ts';
import { readTags } from './tags.ts';

const MAX_USER_DATA_BYTES = 16_384;

/** MinCount and MaxCount. @throws Refusal MissingParameter, InvalidParameterValue */
export function readCount(form: Form): { min: number; max: number } {
  form.required('MinCount');
  form.required('MaxCount');
  const min = form.integer('MinCount') ?? 0;
  const max = form.integer('MaxCount') ?? 0;
  if (min < 1 || max < min)
    throw badValue(`MinCount (${min}) and MaxCount (${max}) must be 1 or more, in this order`);
  return { min, max };
}

/** Everything that a launch says of each instance, checked. @throws Refusal with AWS's code for what is wrong */
export function readSpec(form: Form, region: Region): InstanceSpec {
  const token = form.text('ClientToken');
  return {
    region,
    zone: readZone(form, region),
    imageId: findImage(form.required('ImageId')).id,
    instanceType: readType(form.text('InstanceType') ?? 't3.micro'),
    userData: readUserData(form.text('UserData')),
    tags: readLaunchTags(form),
    metadataOptions: readMetadataOptions(form.child('MetadataOptions')),
    profileArn: readProfile(form.child('IamInstanceProfile')),
    keyName: form.text('KeyName'),
    securityGroupIds: form.list('SecurityGroupId'),
    shutdownBehavior: form.oneOf('InstanceInitiatedShutdownBehavior', ['stop', 'terminate']) ?? 'stop',
    clientToken: token === '' ? undefined : token,
    reservationId: `r-0${randomBytes(8).toString('hex')}`,
    launchIndex: 0,
  };
}

function readZone(form: Form, region: Region): Zone {
  const zoneName = form.child('Placement').text('AvailabilityZone');
  const subnetId = form.text('SubnetId');
  const zone = region.zones.find(
    ({ name, subnetId: own }) => (zoneName ?? name) === name && (subnetId ?? own) === own,
  );
  if (zone) return zone;
  if (subnetId === undefined) throw badValue(`Invalid availability zone: [${zoneName}]`);
  if (region.zones.every((each) => each.subnetId !== subnetId)) {
    throw new Refusal('InvalidSubnetID.NotFound', `The subnet ID '${subnetId}' does not exist`);
  }
  throw badValue(`The subnet ${subnetId} is not in the availability zone ${zoneName}`);
}

function readType(value: string): string {
  if (/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(value)) return value;
  throw badValue(`Invalid value '${value}' for InstanceType.`);
}

function readUserData(value: string | undefined): Buffer | undefined {
  if (value === undefined || value === '') return undefined;
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) {
    throw badValue('Invalid BASE64 encoding of user data.');
  }
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length > MAX_USER_DATA_BYTES)
    throw badValue(`User data is limited to ${MAX_USER_DATA_BYTES} bytes`);
  return bytes;
}

function readLaunchTags(form: Form): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const specification of form.children('TagSpecification')) {
    const type = specification.required('ResourceType');
    const own = readTags(specification);
    // Disks and cards of an instance cannot be asked for here, so their tags are checked and forgotten.
    if (type === 'instance') for (const [key, value] of own) tags.set(key, value);
    else if (type !== 'volume' && type !== 'network-interface') {
      throw badValue(`'${type}' is not a valid taggable resource type for this operation.`);
    }
  }
  return tags;
}

function readMetadataOptions(form: Form): MetadataOptions {
  const hopLimit = form.integer('HttpPutResponseHopLimit') ?? 1;
  if (hopLimit < 1 || hopLimit > 64) throw badValue('HttpPutResponseHopLimit must be between 1 and 64');
  return {
    httpEndpoint: form.oneOf('HttpEndpoint', ['enabled', 'disabled']) ?? 'enabled',
    httpTokens: form.oneOf('HttpTokens', ['required', 'optional']) ?? 'optional',
    hopLimit,
    instanceMetadataTags: form.oneOf('InstanceMetadataTags', ['enabled', 'disabled']) ?? 'disabled',
  };
}

function readProfile(form: Form): string | undefined {
  const name = form.text('Name');
  return (
    form.text('Arn') ??
    (name === undefined ? undefined : `arn:aws:iam::${ACCOUNT_ID}:instance-profile/${name}`)
  );
}

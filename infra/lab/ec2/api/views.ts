import { ARCHITECTURE } from '../images.ts';
import { type Instance, type InstanceState, isoSeconds, STATE_CODES } from '../instance.ts';
import { ACCOUNT_ID, fixedId } from '../regions.ts';
import type { Xml } from './xml.ts';

/** `<code>` and `<name>` of a state. */
export function stateXml(state: InstanceState): Xml {
  return { code: STATE_CODES[state], name: state };
}

/** A set of tags, in order of their keys. */
function tagsXml(tags: ReadonlyMap<string, string>): Xml {
  return [...tags].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
}

/** Instances as reservations: those of one launch together. *Source:* EC2 API reference, Reservation. */
export function reservationsXml(instances: readonly Instance[]): Xml[] {
  const byReservation = Map.groupBy(instances, (instance) => instance.spec.reservationId);
  return [...byReservation].map(([reservationId, members]) => reservationXml(reservationId, members));
}

/** One reservation: also the body of a RunInstances answer. */
export function reservationXml(reservationId: string, members: readonly Instance[]): { [name: string]: Xml } {
  return { reservationId, ownerId: ACCOUNT_ID, groupSet: [], instancesSet: members.map(instanceXml) };
}

function instanceXml(instance: Instance): Xml {
  const { id, spec, dnsName, stateReason, transitionReason } = instance;
  return {
    instanceId: id,
    imageId: spec.imageId,
    instanceState: stateXml(instance.state),
    privateDnsName: instance.state === 'terminated' ? '' : dnsName,
    dnsName: '',
    reason: transitionReason,
    keyName: spec.keyName,
    amiLaunchIndex: spec.launchIndex,
    instanceType: spec.instanceType,
    launchTime: isoSeconds(instance.poweredOnAtMs),
    placement: { availabilityZone: spec.zone.name, availabilityZoneId: spec.zone.id, tenancy: 'default' },
    monitoring: { state: 'disabled' },
    ...(instance.state === 'terminated' ? {} : networkXml(instance)),
    stateReason: stateReason && { ...stateReason },
    architecture: ARCHITECTURE,
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    blockDeviceMapping: instance.state === 'terminated' ? [] : [rootDiskXml(instance)],
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    clientToken: spec.clientToken ?? '',
    tagSet: tagsXml(instance.tags),
    iamInstanceProfile: profileXml(spec.profileArn),
    ebsOptimized: false,
    sourceDestCheck: true,
    metadataOptions: metadataXml(instance),
  };
}

function rootDiskXml({ id, createdAtMs }: Instance): Xml {
  const attachTime = isoSeconds(createdAtMs);
  const ebs = { volumeId: fixedId('vol', id), status: 'attached', attachTime, deleteOnTermination: true };
  return { deviceName: '/dev/xvda', ebs };
}

function networkXml({ id, spec, address, mac, dnsName, createdAtMs }: Instance): { [name: string]: Xml } {
  const vpcId = fixedId('vpc', spec.region.name);
  const subnetId = spec.zone.subnetId;
  const groupSet = spec.securityGroupIds.map((groupId) => ({ groupId, groupName: groupId }));
  const attachTime = isoSeconds(createdAtMs);
  const attachment = {
    attachmentId: fixedId('eni-attach', id),
    deviceIndex: 0,
    status: 'attached',
    attachTime,
  };
  const card = {
    networkInterfaceId: fixedId('eni', id),
    subnetId,
    vpcId,
    ownerId: ACCOUNT_ID,
    status: 'in-use',
    macAddress: mac,
    privateIpAddress: address,
    privateDnsName: dnsName,
    groupSet,
    attachment: { ...attachment, deleteOnTermination: true },
  };
  return { subnetId, vpcId, privateIpAddress: address, groupSet, networkInterfaceSet: [card] };
}

function profileXml(arn: string | undefined): Xml {
  return arn === undefined ? undefined : { arn, id: 'AIPAMUSTERLABEXAMPLE1' };
}

function metadataXml({ spec, state }: Instance): Xml {
  const { httpEndpoint, httpTokens, hopLimit, instanceMetadataTags } = spec.metadataOptions;
  return {
    state: state === 'pending' ? 'pending' : 'applied',
    httpTokens,
    httpPutResponseHopLimit: hopLimit,
    httpEndpoint,
    instanceMetadataTags,
  };
}

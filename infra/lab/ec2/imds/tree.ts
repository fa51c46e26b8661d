import type { IdentityFile } from '../identity.ts';
import { type Instance, isoSeconds } from '../instance.ts';
import { ACCOUNT_ID, fixedId } from '../regions.ts';
import type { RoleCredentials } from '../roles.ts';

/** Versions under which IMDS answers. *Source:* the list that IMDS itself gives at `/`. */
export const VERSIONS: readonly string[] = [
  '1.0',
  ...['2007-01-19', '2007-03-01', '2007-08-29', '2007-10-10', '2007-12-15', '2008-02-01', '2008-09-01'],
  ...['2009-04-04', '2011-01-01', '2011-05-01', '2012-01-12', '2014-02-25', '2014-11-05', '2015-10-20'],
  ...['2016-04-19', '2016-06-30', '2016-09-02', '2018-03-28', '2018-08-17', '2018-09-24', '2019-10-01'],
  ...['2020-10-27', '2021-01-03', '2021-03-23', '2021-07-15', '2022-07-09', '2022-09-24', '2024-04-11'],
  'latest',
];

/** What a leaf holds: bytes or text at hand, or a file of the identity that is still to be signed. */
export type Leaf = string | Buffer | { readonly identity: IdentityFile };

const IDENTITY_FILES: readonly IdentityFile[] = ['document', 'pkcs7', 'rsa2048', 'signature'];

/** Every leaf below a version, by path; `role` where the instance has one. */
export function leaves(instance: Instance, role?: RoleCredentials): Map<string, Leaf> {
  const tree = new Map<string, Leaf>();
  for (const file of IDENTITY_FILES) tree.set(`dynamic/instance-identity/${file}`, { identity: file });
  for (const [path, value] of Object.entries(metaData(instance))) tree.set(`meta-data/${path}`, value);
  if (instance.spec.metadataOptions.instanceMetadataTags === 'enabled') {
    for (const [key, value] of instance.tags) tree.set(`meta-data/tags/instance/${key}`, value);
  }
  if (role) tree.set(`meta-data/iam/security-credentials/${role.role}`, credentialsJson(role));
  if (instance.spec.userData) tree.set('user-data', instance.spec.userData);
  return tree;
}

function metaData(instance: Instance): Record<string, string> {
  const { id, spec, address, mac, dnsName } = instance;
  const { profileArn } = spec;
  return {
    'ami-id': spec.imageId,
    'ami-launch-index': String(spec.launchIndex),
    'ami-manifest-path': '(unknown)',
    hostname: dnsName,
    'instance-action': 'none',
    'instance-id': id,
    'instance-life-cycle': 'on-demand',
    'instance-type': spec.instanceType,
    'local-hostname': dnsName,
    'local-ipv4': address,
    mac,
    ...networkCard(instance),
    'placement/availability-zone': spec.zone.name,
    'placement/availability-zone-id': spec.zone.id,
    'placement/region': spec.region.name,
    profile: 'default-hvm',
    'reservation-id': spec.reservationId,
    'security-groups': 'default',
    'services/domain': 'amazonaws.com',
    'services/partition': 'aws',
    ...(profileArn === undefined ? {} : { 'iam/info': profileInfo(profileArn, instance) }),
  };
}

function networkCard({ id, spec, address, mac, dnsName }: Instance): Record<string, string> {
  const leaves = {
    'device-number': '0',
    'interface-id': fixedId('eni', id),
    'local-hostname': dnsName,
    'local-ipv4s': address,
    mac,
    'owner-id': ACCOUNT_ID,
    'security-groups': 'default',
    'subnet-id': spec.zone.subnetId,
    'vpc-id': fixedId('vpc', spec.region.name),
  };
  const entries = Object.entries(leaves);
  return Object.fromEntries(
    entries.map(([name, value]) => [`network/interfaces/macs/${mac}/${name}`, value]),
  );
}

/** *Source:* EC2 user guide, "Retrieve security credentials from instance metadata". */
function credentialsJson(role: RoleCredentials): string {
  const fields = {
    Code: 'Success',
    LastUpdated: isoSeconds(role.issuedAtMs),
    Type: 'AWS-HMAC',
    AccessKeyId: role.accessKeyId,
    SecretAccessKey: role.secretAccessKey,
    Token: role.sessionToken,
    Expiration: isoSeconds(role.expiresAtMs),
  };
  return JSON.stringify(fields, null, 2);
}

function profileInfo(InstanceProfileArn: string, { poweredOnAtMs }: Instance): string {
  const InstanceProfileId = 'AIPAMUSTERLABEXAMPLE1';
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: isoSeconds(poweredOnAtMs),
    InstanceProfileArn,
    InstanceProfileId,
  });
}

/** Names right below a directory, sub-directories with a slash; undefined when there is no such directory. */
export function listing(tree: ReadonlyMap<string, Leaf>, directory: string): string | undefined {
  const prefix = directory === '' ? '' : `${directory}/`;
  const names = new Set<string>();
  for (const path of tree.keys()) {
    if (!path.startsWith(prefix)) continue;
    const [name = '', ...deeper] = path.slice(prefix.length).split('/');
    names.add(deeper.length > 0 && directory !== '' ? `${name}/` : name);
  }
  return names.size > 0 ? [...names].sort().join('\n') : undefined;
}

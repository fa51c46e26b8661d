import { createHash } from 'node:crypto';

/** One region of the local EC2. */
export interface Region {
  /** As AWS names it, e.g. `eu-west-1`. */
  readonly name: string;
  /** Third number of its instances' addresses: 10.77.<octet>.x. */
  readonly octet: number;
  readonly zones: readonly Zone[];
}

/** One availability zone, with the one subnet that the local EC2 has in it. */
export interface Zone {
  readonly name: string;
  readonly id: string;
  readonly subnetId: string;
}

/** The account that owns everything here: the one that AWS uses in its own examples. */
export const ACCOUNT_ID = '123456789012';

/** Zone id prefixes are AWS's own. *Source:* EC2 user guide, availability zone ids. */
const TABLE: ReadonlyArray<readonly [name: string, zoneIdPrefix: string]> = [
  ['us-east-1', 'use1'],
  ['us-west-2', 'usw2'],
  ['eu-west-1', 'euw1'],
  ['eu-central-1', 'euc1'],
  ['ap-southeast-2', 'apse2'],
  ['sa-east-1', 'sae1'],
];

/** Every region of the local EC2; the n-th has the addresses 10.77.n.x. */
export const REGIONS: readonly Region[] = TABLE.map(([name, zoneIdPrefix], index) => ({
  name,
  octet: index + 1,
  zones: ['a', 'b', 'c'].map((letter, zoneIndex) => ({
    name: `${name}${letter}`,
    id: `${zoneIdPrefix}-az${zoneIndex + 1}`,
    subnetId: fixedId('subnet', `${name}${letter}`),
  })),
}));

/** An id that is the same on every start, e.g. of the VPC of a region: `vpc-` and 17 hex digits. */
export function fixedId(prefix: string, seed: string): string {
  return `${prefix}-0${createHash('sha256').update(`${prefix} ${seed}`).digest('hex').slice(0, 16)}`;
}

/** The region of that name, or undefined. */
export function regionNamed(name: string): Region | undefined {
  return REGIONS.find((region) => region.name === name);
}

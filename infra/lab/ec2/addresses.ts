import type { Region } from './regions.ts';

const FIRST_HOST = 10;
const LAST_HOST = 250;

/** The part of an address that all of a region share, e.g. `10.77.2.`. */
function regionPrefix(network: string, region: Region): string {
  return `${network}.${region.octet}.`;
}

/** The lowest free address of a region, as a small VPC gives them again; undefined when all are taken. */
export function freeAddress(
  network: string,
  region: Region,
  isTaken: (address: string) => boolean,
): string | undefined {
  for (let host = FIRST_HOST; host <= LAST_HOST; host++) {
    const address = `${regionPrefix(network, region)}${host}`;
    if (!isTaken(address)) return address;
  }
  return undefined;
}

/** Is it one that an instance of this region may ask for by PrivateIpAddress? */
export function isAssignable(network: string, region: Region, address: string): boolean {
  const prefix = regionPrefix(network, region);
  if (!address.startsWith(prefix)) return false;
  const host = address.slice(prefix.length);
  return /^[1-9]\d{0,2}$/.test(host) && Number(host) >= FIRST_HOST && Number(host) <= LAST_HOST;
}

/** A locally administered MAC that follows from the address, as EC2's begin with 02 or 06. */
export function macOf(address: string): string {
  const octets = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '4d', ...octets].join(':');
}

/** `ip-10-77-1-10`. */
export function hostnameOf(address: string): string {
  return `ip-${address.replaceAll('.', '-')}`;
}

/** EC2's private DNS name. us-east-1 is the exception. *Source:* EC2 user guide, hostname types. */
export function dnsNameOf(address: string, region: Region): string {
  const domain = region.name === 'us-east-1' ? 'ec2.internal' : `${region.name}.compute.internal`;
  return `${hostnameOf(address)}.${domain}`;
}

import type { BoxOptions } from './box.ts';

/** The hardware address that follows from `ip`, as EC2's metadata tells it: a box keeps it over reboots. */
export function macOf(ip: string): string {
  const octets = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '4d', ...octets].join(':');
}

/** The /etc/hosts of a box: the lab's lines, then its own. */
export function renderHosts(
  head: string,
  options: Pick<BoxOptions, 'ip' | 'hostname' | 'hostsTail'>,
): string {
  const short = options.hostname.split('.')[0] ?? options.hostname;
  const names = short === options.hostname ? short : `${options.hostname} ${short}`;
  return `${head.trimEnd()}\n${options.hostsTail?.trimEnd() ?? `${options.ip} ${names}`}\n`;
}

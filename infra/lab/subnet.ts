import { run } from './process.ts';

/** The little network between host and lab: a /30 with one address for each end. */
export interface LinkSubnet {
  /** Number of the /30 within 100.127.0.0/16, 0 to 16383. */
  index: number;
  hostAddress: string;
  labAddress: string;
}

const PREFIX = 30;
const COUNT = 1 << (PREFIX - 16);
// The last /16 of 100.64.0.0/10, the shared address space: unlikely on a host, never routed on the Internet.
const BASE = ipToNumber('100.127.0.0');

/** The addresses of /30 number `index`. */
export function linkSubnet(index: number): LinkSubnet {
  const network = BASE + index * 4;
  return { index, hostAddress: numberToIp(network + 1), labAddress: numberToIp(network + 2) };
}

/**
 * The first /30 that overlaps none of `used` (`10.0.0.0/8`, or an address alone). Undefined when all are taken.
 */
export function pickSubnet(used: readonly string[]): LinkSubnet | undefined {
  const ranges = used.map(range);
  for (let index = 0; index < COUNT; index++) {
    const first = BASE + index * 4;
    if (!ranges.some(([from, to]) => from <= first + 3 && first <= to)) return linkSubnet(index);
  }
  return undefined;
}

/** Every network that this host has an address in or a route to, without default routes. */
export async function usedNetworks(): Promise<string[]> {
  const addresses = await ipJson<{ addr_info?: { local?: string; prefixlen?: number }[] }>(['addr']);
  const routes = await ipJson<{ dst?: string }>(['route', 'show', 'table', 'all']);
  const own = addresses
    .flatMap((card) => card.addr_info ?? [])
    .map((info) => `${info.local}/${info.prefixlen}`);
  return [...own, ...routes.map((route) => route.dst ?? '')].filter((net) =>
    /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(net),
  );
}

async function ipJson<T>(args: string[]): Promise<T[]> {
  const { stdout } = await run(['ip', '-j', '-4', ...args]);
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as T[]);
}

function range(network: string): [number, number] {
  const [address = '', bits = '32'] = network.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(ipToNumber(address) / size) * size;
  return [first, first + size - 1];
}

function ipToNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function numberToIp(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

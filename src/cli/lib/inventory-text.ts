import type { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import type { ActionOutput, DdlAction } from '../../core/ddl.ts';
import { plainIn } from './plain.ts';
import { displayName, showValue } from './rpc/reply-text.ts';

type Inventory = ActionOutput<typeof rpcutil, 'inventory'> & { readonly data_plugins?: readonly string[] };

/** The daemon's own counters, and what they are called. */
export interface Statistics {
  readonly data: Readonly<Record<string, unknown>>;
  readonly output: DdlAction['output'];
}

/** A node as `mco inventory` shows it; `statistics` are the daemon's counters. Texts lose their control characters. Pure. */
export function inventoryLines(node: string, given: Inventory, statistics: Statistics | null): string[] {
  const data = plainIn(given);
  const facts = Object.entries(data.facts).sort(([a], [b]) => (a < b ? -1 : 1));
  const numbers = [
    ['Version', data.version],
    ['Main Collective', data.main_collective],
    ['Collectives', data.collectives.join(', ')],
    ...(statistics === null ? [] : figures(statistics)),
  ] as const;
  return [
    `Inventory for ${node}:`,
    '',
    '   Server Statistics:',
    ...numbers.map(([name, value]) => `${name.padStart(32)}: ${showValue(value).join(' ')}`),
    '',
    '   Agents:',
    ...columns(data.agents),
    '',
    ...(data.data_plugins === undefined ? [] : ['   Data Plugins:', ...columns(data.data_plugins), '']),
    '   Configuration Management Classes:',
    ...columns(data.classes),
    '',
    '   Facts:',
    ...facts.map(([fact, value]) => `      ${fact} => ${showValue(value).join(' ')}`),
  ];
}

/** How many nodes live in each collective, sorted by name. Pure. */
export function countCollectives(
  nodes: readonly { readonly collectives: readonly string[] }[],
): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of nodes.flatMap((node) => node.collectives)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The table of `mco inventory --list-collectives`; of all nodes so many are `gone`: they stopped registering. Pure. */
export function collectiveLines(
  counts: readonly (readonly [string, number])[],
  nodes: number,
  gone: number,
): string[] {
  const row = (name: string, count: string) => `   ${name.padEnd(30)} ${count}`;
  return [
    row('Collective', 'Nodes'),
    row('==========', '====='),
    ...counts.map(([name, count]) => row(name, String(count))),
    '',
    `${'Total nodes:'.padStart(33)} ${nodes}`,
    ...(gone === 0 ? [] : [`${'that stopped registering:'.padStart(33)} ${gone}`]),
  ];
}

/** What is not said above. */
function figures({ data, output }: Statistics): [string, unknown][] {
  return Object.entries(data)
    .filter(([key, value]) => key !== 'version' && typeof value !== 'object')
    .map(([key, value]) => [displayName(output, key), figure(key, value)]);
}

/** A counter of the daemon, with its unit. */
function figure(name: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  if (name === 'starttime') return new Date(value * 1000).toISOString();
  if (name === 'rss') return `${(value / 1_048_576).toFixed(1)} MB`;
  return name === 'cpu_s' ? `${value.toFixed(2)} seconds` : value;
}

/** Names in three columns. */
function columns(names: readonly string[]): string[] {
  const sorted = [...names].sort();
  if (sorted.length === 0) return ['      none'];
  const width = Math.max(...sorted.map((name) => name.length)) + 2;
  return Array.from({ length: Math.ceil(sorted.length / 3) }, (_, line) =>
    `      ${sorted
      .slice(line * 3, line * 3 + 3)
      .map((name) => name.padEnd(width))
      .join('')}`.trimEnd(),
  );
}

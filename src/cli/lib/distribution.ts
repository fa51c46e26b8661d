import { sparkline } from './aggregates.ts';

/**
 * The distribution of some numbers in one line, with least, mean and greatest: `▁▇▁▂  min: 1.0  avg: 12.3  max: 1.2k`; empty
 * for none. Pure. *Source:* `mco puppet summary`.
 */
export function distributionLine(values: readonly number[]): string {
  if (values.length === 0) return '';
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const figures = Object.entries({ min: Math.min(...values), avg: mean, max: Math.max(...values) });
  const text = figures.map(([name, value]) => `${name}: ${short(value).padEnd(6)}`).join(' ');
  return `${sparkline(values)}  ${text}`.trimEnd();
}

/** `12.3`, `1.2k`, `3.4m`. */
function short(value: number): string {
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)}m`;
  return value >= 1000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(1);
}

const TICKS = '▁▂▃▄▅▆▇';
const BUCKETS = 20;

/**
 * The distribution of some numbers in one line, with least, mean and greatest: `▁▇▁▂  min: 1.0  avg: 12.3  max: 1.2k`; empty
 * for none. Pure. *Source:* `mco puppet summary`.
 */
export function sparkline(values: readonly number[]): string {
  if (values.length === 0) return '';
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const buckets = new Array<number>(BUCKETS).fill(0);
  const span = max - min || 1;
  for (const value of values) {
    const at = Math.min(BUCKETS - 1, Math.floor(((value - min) / span) * BUCKETS));
    buckets[at] = (buckets[at] ?? 0) + 1;
  }
  const figures = Object.entries({ min, avg: mean, max });
  const text = figures.map(([name, value]) => `${name}: ${short(value).padEnd(6)}`).join(' ');
  return `${bars(buckets)}  ${text}`.trimEnd();
}

/** A bar a bucket; whatever is not empty can be seen. */
function bars(buckets: readonly number[]): string {
  const highest = Math.max(...buckets);
  const top = TICKS.length - 1;
  return buckets
    .map((count) => TICKS[count === 0 ? 0 : Math.max(1, Math.round((count / highest) * top))])
    .join('');
}

/** `12.3`, `1.2k`, `3.4m`. */
function short(value: number): string {
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)}m`;
  return value >= 1000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(1);
}

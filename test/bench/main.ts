import { existsSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench, Figure } from './bench.ts';

const FOLDER = new URL('benches/', import.meta.url);

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
process.exitCode = await main(positionals[0], values.json);

/** Exit code: 0 measured, 1 a bar was missed, 2 there is no such benchmark. */
async function main(name: string | undefined, json: boolean): Promise<number> {
  const file = new URL(`${name}.ts`, FOLDER);
  if (name === undefined || !/^[a-z0-9-]+$/.test(name) || !existsSync(file)) {
    const names = readdirSync(FOLDER).map((each) => each.replace(/\.ts$/, ''));
    console.error(`usage: npm run bench -- NAME [--json]; NAME is one of ${names.join(', ')}`);
    return 2;
  }
  const { default: bench }: { default: Bench } = await import(file.href);
  const figures = await bench.run();
  if (json) console.info(JSON.stringify({ bench: bench.name, figures: figures.map(judged) }, null, 2));
  else console.info([`${bench.name}: ${bench.summary}`, ...figures.map(lineOf)].join('\n'));
  return figures.every(isHeld) ? 0 : 1;
}

function isHeld({ value, bar }: Figure): boolean {
  return bar === undefined || value <= bar;
}

function judged(figure: Figure): Figure & { ratio: number; held: boolean } {
  return { ...figure, ratio: figure.value / figure.baseline.value, held: isHeld(figure) };
}

function lineOf(figure: Figure): string {
  const { name, value, unit, baseline, bar } = figure;
  const ratio = (value / baseline.value).toFixed(2);
  const judgement = bar === undefined ? '' : `; bar ${bar} ${unit}: ${isHeld(figure) ? 'held' : 'MISSED'}`;
  return `  ${name}: ${shown(value)} ${unit}; ${baseline.name}: ${shown(baseline.value)} ${unit}; ratio ${ratio}${judgement}`;
}

function shown(value: number): string {
  return value < 10 ? value.toFixed(3) : value.toFixed(0);
}

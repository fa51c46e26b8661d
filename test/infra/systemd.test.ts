import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string) => readFileSync(new URL(`../../infra/systemd/${name}`, import.meta.url), 'utf8');
const flagsOf = (text: string) => text.match(/ (--[a-z-]+(=\d+)?)(?= .*DAEMON| .*muster-daemon)/g);
const tuningOf = (text: string) => text.match(/\bMALLOC_\w+=\w+/g);

test('the daemon is started with the same memory settings, whatever the init', () => {
  const [unit, script] = [read('muster.service'), read('muster.init')];
  expect(flagsOf(unit)?.length).toBeGreaterThan(1);
  expect(flagsOf(script)).toEqual(flagsOf(unit));
  expect(tuningOf(unit)?.length).toBeGreaterThan(1);
  expect(tuningOf(script)).toEqual(tuningOf(unit));
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Scripts that would go on with the Node that started npm, because a shell remembers where it has found a program. */
function withTheOldNode(all: Readonly<Record<string, string>>): string[] {
  return Object.entries(all)
    .filter(([, script]) => /setup\.mjs.*&& node /.test(script))
    .map(([name]) => name);
}

test('no script goes on after the set-up with the Node that was there before it', () => {
  expect(withTheOldNode(scripts)).toEqual([]);
  expect(withTheOldNode({ planted: 'node infra/setup.mjs && node src/cli/main.ts demo' })).toEqual([
    'planted',
  ]);
  expect(scripts.demo).toContain('&& env node ');
});

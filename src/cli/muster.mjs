#!/usr/bin/env node
// Starts the command line with a Node that is new enough: this one, or the one that npm installed with the project.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keepCompiledCode } from './lib/code-cache.mjs';
import { loadOneLanguage } from './lib/one-language.mjs';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
if (Number(process.versions.node.split('.')[0]) >= 24) {
  keepCompiledCode();
  loadOneLanguage();
  await import(main);
} else {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `muster: needs Node 24 or newer, this is ${process.versions.node}; run 'npm run setup' in its folder\n`,
    );
    process.exit(3);
  }
  const child = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exit(child.status ?? 1);
}

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tempDir } from '../../agent/temp.ts';

const MUSTER = fileURLToPath(new URL('../../../src/cli/muster', import.meta.url));
const run = promisify(execFile);

/** What our function gives zsh for a line whose last word is being typed; outside of the line editor, so zsh's own part is told what it is told. */
async function complete(line: string): Promise<string[]> {
  const dir = await tempDir();
  const start = `#!/bin/sh\nexec "${MUSTER}" "$@"\n`;
  await writeFile(join(dir, 'muster'), start, { mode: 0o755 });
  const typed = line.split(' ').map((word) => `'${word}'`);
  const script = [
    'compdef() { print -r -- "compdef $*" }',
    'compadd() { print -rl -- "$@" }',
    '_files() { print -r -- files }',
    'source <(muster completion zsh)',
    `words=(${typed.join(' ')}); CURRENT=${typed.length}`,
    '_muster',
  ];
  const env = { PATH: `${dir}:${process.env.PATH}` };
  const child = run('zsh', ['-f', '-c', script.join('\n')], { env });
  child.child.stdin?.end();
  return (await child).stdout.trim().split('\n');
}

it.each([
  ['muster descr', ['--', 'describe-filter']],
  ['muster rpc rpcutil get_f', ['--', 'get_fact', 'get_facts']],
  ['muster rpc rpcutil get_fact ', ['-S', '', '--', 'fact=']],
  ['muster rpc nosuch x', ['files']],
])('zsh completes %j', async (line, given) => {
  expect(await complete(line)).toEqual(['compdef _muster muster', ...given]);
});

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const MUSTER = fileURLToPath(new URL('../../../src/cli/muster', import.meta.url));

/** What bash offers for a line, as if the tabulator key were pressed at its end. */
async function complete(line: string): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-completion-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const start = `#!/bin/sh\nexec "${MUSTER}" "$@"\n`;
  await writeFile(join(dir, 'muster'), start, { mode: 0o755 });
  const words = line.split(' ');
  const script = [
    'source <(muster completion bash)',
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`,
    '_muster 2>/dev/null',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
  const env = { PATH: `${dir}:${process.env.PATH}` };
  return new Promise((resolve) => {
    const child = execFile('bash', ['--norc', '-c', script.join('\n')], { env }, (_, stdout) =>
      resolve(stdout.trim().split('\n')),
    );
    child.stdin?.end();
  });
}

it.each([
  ['muster descr', ['describe-filter']],
  ['muster rpc rpcu', ['rpcutil']],
  ['muster rpc rpcutil get_f', ['get_fact', 'get_facts']],
  ['muster rpc rpcutil get_fact ', ['fact=']],
  ['muster rpc rpcutil policy_explain role = op', ['operator']],
  ['muster rpc -F role=web rpcutil policy_explain caller = cert=x ac', ['action=']],
  ['muster rpc --display fa', ['failed']],
  ['muster find --dm b', ['broadcast']],
  ['muster ping --batch', ['--batch', '--batch-sleep']],
  ['muster help runs', ['runs']],
  ['muster service nginx res', ['restart']],
  ['muster package st', ['status']],
  ['muster service restart ', ['']],
  ['muster rpc nosuch x', ['']],
])('bash completes %j', async (line, words) => {
  expect(await complete(line)).toEqual(words);
});

it('another shell is refused by name', async () => {
  const ended = await new Promise<string>((resolve) =>
    execFile(MUSTER, ['completion', 'fish'], (_, _stdout, stderr) => resolve(stderr)),
  );
  expect(ended).toContain("'fish' is no shell that Muster completes in; expected bash or zsh");
});

import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { masked } from './mask.ts';
import type { Typed } from './script.ts';

const REPO = fileURLToPath(new URL('../../..', import.meta.url));
const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url));

/** A person at a shell: a lab's config and an operator's certificate. */
export interface Person {
  type(typed: Typed): Promise<string>;
}

/** Somebody with the operator's certificate of the lab in `stateDir`, and `muster` in the path. */
export async function personAt(stateDir: string): Promise<Person> {
  const bin = join(stateDir, 'bin');
  await mkdir(bin, { recursive: true });
  await rm(join(bin, 'muster'), { force: true });
  await symlink(join(REPO, 'src/cli/muster'), join(bin, 'muster'));
  const env = {
    PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: stateDir,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    MUSTER_CONFIG: join(stateDir, 'muster.yaml'),
    MUSTER_TRUST__CERTIFICATE: join(stateDir, 'pki', 'operator.pem'),
    MUSTER_TRUST__KEY: join(stateDir, 'pki', 'operator.key'),
  };
  return { type: (typed) => transcript(typed, env) };
}

/** What is on the screen after one command line: the line, standard output, standard error marked, the exit code unless 0. */
function transcript({ line, anyOrder }: Typed, env: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(
      '/bin/bash',
      ['-c', `set -o pipefail; ${line}`],
      { cwd: REPO, env },
      (error, out, err) => {
        const code = error === null ? 0 : Number(error.code ?? -1);
        const told = masked(err, undefined).trimEnd();
        resolve(
          [
            `$ ${line}`,
            ...(told === '' ? [] : [told.replaceAll(/^/gm, '! ').replaceAll(/ +$/gm, '')]),
            ...(out === '' ? [] : [masked(out, anyOrder).replace(/\n$/, '')]),
            ...(code === 0 ? [] : [`[exit code ${code}]`]),
            '',
          ].join('\n'),
        );
      },
    );
    child.stdin?.end();
  });
}

/** The golden of a chapter; with GOLDENS=write it is what was just seen. null where there is none. */
export async function golden(chapter: string, seen: string): Promise<string | null> {
  const path = join(GOLDENS, `${chapter}.txt`);
  if (process.env.GOLDENS === 'write') await writeFile(path, seen);
  return readFile(path, 'utf8').catch(() => null);
}

/** Chapters that have a golden. */
export async function goldenNames(): Promise<string[]> {
  return (await readdir(GOLDENS)).map((name) => name.replace(/\.txt$/, '')).sort();
}

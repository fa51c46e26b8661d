import { join } from 'node:path';
import { REPO_DIR } from './layout.ts';
import { runOk } from './process.ts';

/**
 * Runs one `muster` command as a user would, with none of the caller's MUSTER_ settings. Gives its output.
 * Throws LAB_FAILED with the last lines.
 */
export function muster(args: readonly string[]): Promise<string> {
  const argv = [process.execPath, join(REPO_DIR, 'src/cli/main.ts'), ...args];
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', NO_COLOR: '1' };
  return runOk(`muster ${args[0]} ${args[1]}`, argv, { timeoutS: 120, env });
}

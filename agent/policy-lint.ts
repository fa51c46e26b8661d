import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { type FileProblem, isPolicyFile, lintPolicyFile } from '../src/trust/policy/lint-file.ts';
import type { ExternalAgents } from './external/folder.ts';
import { isMissing, readIfThere } from './files.ts';
import type { AnyAgent } from './host.ts';

/**
 * Logs everything that is wrong or doubtful in the policies of a site, as `muster policy lint` does, when the daemon
 * starts: not first when somebody is denied. Never throws: the daemon runs on, and a bad policy denies.
 */
export async function logPolicyProblems(own: {
  readonly dir: string;
  readonly agents: ReadonlyMap<string, AnyAgent>;
  /** Asked for those that are not among the agents: external ones come later. */
  readonly external: Pick<ExternalAgents, 'contractOf'> | null;
  readonly log: Log;
}): Promise<void> {
  const { dir, log } = own;
  try {
    const names = (await readdir(dir)).filter(isPolicyFile).sort();
    const groups = (await readIfThere(join(dir, 'groups'))) ?? '';
    for (const name of names)
      for (const problem of await problemsOf(join(dir, name), groups, own)) tell(problem, log);
  } catch (cause) {
    if (!isMissing(cause))
      log.error({ dir, reason: asMusterError(cause).message }, 'policies cannot be read');
  }
}

async function problemsOf(
  file: string,
  groups: string,
  { agents, external }: Pick<Parameters<typeof logPolicyProblems>[0], 'agents' | 'external'>,
): Promise<FileProblem[]> {
  try {
    const text = await readFile(file, 'utf8');
    const agent = basename(file, '.policy');
    const ddl = agents.get(agent)?.ddl ?? (await external?.contractOf(agent)) ?? null;
    return lintPolicyFile({ file, text }, groups, () => (ddl === null ? null : Object.keys(ddl.actions)));
  } catch (cause) {
    const message = `cannot be read: ${asMusterError(cause).message}`;
    return [{ file, severity: 'error', line: 1, column: 1, message }];
  }
}

function tell({ severity, message, ...place }: FileProblem, log: Log): void {
  log[severity === 'error' ? 'error' : 'warn'](
    { ...place, reason: message },
    severity === 'error' ? 'a policy has an error' : 'a policy is doubtful',
  );
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createPuppetRuns, type PuppetRuns, type RunCommand } from '../../agent/puppet/runs.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { tempDir } from './temp.ts';

/** A node's folder of runs, with what was told of them. */
export interface Node {
  readonly root: string;
  readonly ended: [string, number][];
  failTelling: boolean;
  /** Another daemon on the same folder, as after a restart. */
  open(): PuppetRuns;
  /** A stand-in for the puppet program. */
  puppet(script: string): () => Promise<RunCommand>;
}

/** Shell text that writes the report of a good run. */
export const GOOD_REPORT = `printf -- '---\\nstatus: changed\\ntime: "%s"\\nenvironment: %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" "$1" >"$2"`;

/** A node in a new folder. */
export async function aNode(): Promise<Node> {
  const dir = await tempDir();
  const root = join(dir, 'puppet-runs');
  const ended: [string, number][] = [];
  const reportPath = join(dir, 'last_run_report.yaml');
  const onEnded = async (run: string, exitcode: number) => {
    if (node.failTelling) throw new Error('no broker');
    ended.push([run, exitcode]);
  };
  const node: Node = {
    root,
    ended,
    failTelling: false,
    open() {
      const runs = createPuppetRuns({ root, clock: systemClock, log: silentLog, onEnded });
      onTestFinished(() => runs.close());
      return runs;
    },
    puppet: (script) => async () => ({
      command: ['/bin/sh', '-c', script, 'puppet', 'production', reportPath],
      reportPath,
    }),
  };
  return node;
}

/** Process id of a run, null before it began. */
export async function pidOf({ root }: Node, run: string): Promise<number | null> {
  const text = await readFile(join(root, run, 'pid'), 'utf8').catch(() => '');
  return text === '' ? null : Number.parseInt(text, 10);
}

/** A run of production. */
export const wish = (run: string, timeoutS = 30) => ({ run, environment: 'production', timeoutS });
/** A command that must not be asked for. */
export const never = () => Promise.reject(new Error('nothing should be started'));

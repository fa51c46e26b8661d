import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceStatus } from '../../src/core/service-schema.ts';
import { exists } from '../files.ts';
import { expectGood, runSpooled } from '../spooled.ts';
import { noService, type Services } from './service.ts';

const LOOK_MS = 20_000;
const ACT_MS = 90_000;
/** Levels in which a service that is enabled starts. */
const LEVELS = ['2', '3', '4', '5', 'S'];
/** *Source:* LSB, init script actions: exit codes of `status`. */
const STATUS: Readonly<Record<number, ServiceStatus>> = {
  0: 'running',
  1: 'failed',
  2: 'failed',
  3: 'stopped',
};

/** Services as init scripts, where there is no systemd. `rcDir` holds the folders `rc2.d` and so on. */
export function sysv({ initDir, rcDir }: { readonly initDir: string; readonly rcDir: string }): Services {
  const scriptOf = async (name: string): Promise<string> => {
    const script = join(initDir, name);
    if (!(await exists(script))) throw noService(name);
    return script;
  };
  return {
    async look(name, signal) {
      const script = await scriptOf(name);
      const { exitcode } = await runSpooled(script, ['status'], { timeoutMs: LOOK_MS, signal });
      return { status: STATUS[exitcode ?? -1] ?? 'unknown', enabled: await startsIn(rcDir, name) };
    },
    async act(verb, name, signal) {
      const script = await scriptOf(name);
      const [file, args] =
        verb === 'enable' || verb === 'disable' ? ['update-rc.d', [name, verb]] : [script, [verb]];
      expectGood(`${file} ${args.join(' ')}`, await runSpooled(file, args, { timeoutMs: ACT_MS, signal }));
    },
  };
}

/** Is there a link that starts it? null where there are no such folders at all. */
async function startsIn(rcDir: string, name: string): Promise<boolean | null> {
  const folders = LEVELS.map((level) => readdir(join(rcDir, `rc${level}.d`)).catch(() => null));
  const lists = (await Promise.all(folders)).filter((list) => list !== null);
  if (lists.length === 0) return null;
  return lists.flat().some((link) => /^S\d\d/.test(link) && link.slice(3) === name);
}

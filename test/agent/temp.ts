import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PuppetPaths } from '../../agent/puppet/paths.ts';

/** A folder that is removed when the test ends. */
export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-agent-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return dir;
}

/** Puppet's places within one folder, owned by whoever runs the test. */
export function puppetPathsIn(dir: string, bin: string | null = null): PuppetPaths {
  const [confDir, sslDir, stateDir] = [join(dir, 'conf'), join(dir, 'ssl'), join(dir, 'puppet-state')];
  const publicDir = join(dir, 'puppet-public');
  const options = [
    '--confdir',
    confDir,
    '--ssldir',
    sslDir,
    '--statedir',
    stateDir,
    '--publicdir',
    publicDir,
  ];
  return {
    bin,
    confDir,
    sslDir,
    stateDir,
    publicDir,
    pidFile: join(dir, 'agent.pid'),
    options,
    owner: undefined,
  };
}

/** Waits until `look` gives something that is not undefined, null or false. */
export async function eventually<T>(look: () => T | Promise<T>, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > endMs) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Proof } from '../../src/cli/lib/demo/prove.ts';
import type { RunRecord } from '../../src/core/record.ts';
import { musterCommand } from './kit.ts';

const run = promisify(execFile);

/** Master of each region, and so the issuer of its nodes' certificates. */
const MASTER_OF: Readonly<Record<string, string>> = {
  'eu-west-1': 'puppet-eu.lab.test',
  'us-east-1': 'puppet-us.lab.test',
};

/** What a lab could leave behind on the host: its processes, its links, its mounts. */
async function traces(stateDir: string): Promise<string[]> {
  const [processes, mounts] = await Promise.all([run('ps', ['-eo', 'args']), run('cat', ['/proc/mounts'])]);
  const lines = `${processes.stdout}\n${mounts.stdout}`.split('\n');
  return lines.filter((line) => line.includes(stateDir));
}

describe('npm run demo -- --once', () => {
  it('provisions three instances in two regions, each by the master of its region, tells people, proves it, leaves nothing', async () => {
    const { code, stdout, stderr } = await musterCommand([
      'demo',
      '--once',
      '--json',
      '--state-dir',
      '.muster/test-demo',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { runs, proof, added_ms } = JSON.parse(stdout) as {
      runs: RunRecord[];
      proof: Proof;
      added_ms: number;
    };
    expect(runs.map((one) => one.state)).toEqual(['provisioned', 'provisioned', 'provisioned']);
    for (const one of runs) expect(one.master).toBe(MASTER_OF[one.region ?? '']);
    for (const one of runs) {
      const issuer = proof.issuers.find((found) => found.identity === one.identity)?.issuer;
      expect(issuer).toContain(one.master);
      const fact = proof.facts.find((found) => found.identity === one.identity);
      expect(fact?.configured).toContain(`bootstrapped by ${one.master}`);
    }
    expect(proof.mails).toHaveLength(3);
    expect(proof.roomMessages).toHaveLength(3);
    expect(added_ms).toBeGreaterThan(0);
    process.stdout.write(`Muster added ${added_ms} ms (median) to Puppet's own time\n`);
    expect(await traces('.muster/test-demo')).toEqual([]);
  });
});

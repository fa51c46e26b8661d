import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { puppetca } from '../agent/agents/puppetca.ddl.ts';
import { MusterError } from '../src/core/errors.ts';
import { defineStep, type StepContext } from '../src/core/step.ts';

/** Enough of a fingerprint to compare by eye: eight bytes. */
const FINGERPRINT_CHARS = 23;

const Options = z.strictObject({
  wait_s: z
    .number()
    .min(0)
    .max(60)
    .default(10)
    .describe('How long to wait for the request to arrive at the master, in seconds'),
});

/**
 * Signs the node's request on the chosen master, if and only if it holds the key that was claimed, and looks again at what
 * was issued. A request with another key is dropped and told as CSR_MISMATCH. Throws CSR_NOT_FOUND when none arrives,
 * MASTER_UNREACHABLE, CA_REFUSED. *Source:* mcollective-server-provisioner, step sign_node_csr (which signed by name, on all masters, without waiting).
 */
export default defineStep({
  name: 'sign_node_csr',
  summary: "Sign the node's request on the master, by its public key",
  options: Options,
  timeoutS: 150,
  async run(context, { wait_s }) {
    const { master, run } = context;
    const { certname, puppetSpkiSha256: spki_sha256 } = run;
    const before = await requestOf(context, wait_s);
    if (before.state === 'signed' && before.spki_sha256 === spki_sha256)
      return { outcome: 'skipped', detail: 'signed already, with this key' };
    if (before.spki_sha256 !== spki_sha256) throw await foreign(context, before.state);
    const { fingerprint } = await master.call(puppetca, 'sign', { certname, spki_sha256 });
    const after = await master.call(puppetca, 'status', { certname });
    if (after.state !== 'signed' || after.spki_sha256 !== spki_sha256)
      throw await foreign(context, after.state);
    return {
      outcome: 'done',
      detail: `signed by ${master.identity}, SHA-256 ${fingerprint.slice(0, FINGERPRINT_CHARS)}…`,
    };
  },
});

type Status = { readonly state: 'requested' | 'signed'; readonly spki_sha256: string | null };

async function requestOf({ master, run, signal }: StepContext, waitS: number): Promise<Status> {
  for (let leftS = waitS; ; leftS -= 1) {
    const { server, state, spki_sha256 } = await master.call(puppetca, 'status', { certname: run.certname });
    if (server === 'unreachable')
      throw new MusterError('MASTER_UNREACHABLE', `the Puppet Server of ${master.identity} does not answer`);
    if (state === 'requested' || state === 'signed') return { state, spki_sha256 };
    if (leftS <= 0)
      throw new MusterError(
        'CSR_NOT_FOUND',
        `${master.identity} has no request of ${run.certname} (${state})`,
      );
    await sleep(1000, undefined, { signal }).catch(() => {
      throw new MusterError('STEP_TIMEOUT', 'stopped while waiting for the request');
    });
  }
}

/** A waiting request of a stranger is dropped, so that the node's own can take its place; a certificate is left for people to look at. */
async function foreign({ master, run, log }: StepContext, state: string | null): Promise<MusterError> {
  log.error(
    { alarm: true, master: master.identity, certname: run.certname, state },
    'another key asks for the name of a node',
  );
  if (state === 'requested') await master.call(puppetca, 'clean', { certname: run.certname });
  return new MusterError(
    'CSR_MISMATCH',
    `${run.certname} is ${state} on ${master.identity} with another key than the node showed`,
  );
}

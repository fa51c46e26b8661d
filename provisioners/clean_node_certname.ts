import { z } from 'zod';
import { puppetca } from '../agent/agents/puppetca.ddl.ts';
import { asMusterError, MusterError } from '../src/core/errors.ts';
import { defineStep, type RpcNode, type StepContext } from '../src/core/step.ts';

/** What became of the name on one master. */
type Outcome = 'clean' | 'own' | 'cleaned' | 'unknown';

/**
 * Cleans the node's certname on all masters at once, so that what an earlier machine of this name left does not stand in
 * the way. What this run's own key holds is never touched. Another master that cannot tell is passed over; the chosen one
 * has to: throws MASTER_UNREACHABLE, CA_REFUSED. *Source:* mcollective-server-provisioner, step clean_node_certname
 * (which did not revoke, and ignored failures).
 */
export default defineStep({
  name: 'clean_node_certname',
  summary: 'Clean what is left of the certname on all masters',
  options: z.strictObject({}),
  timeoutS: 75,
  async run(context) {
    const { master, masters } = context;
    const others = masters.filter(({ identity }) => identity !== master.identity);
    const outcomes = await Promise.all([
      clean(master, context),
      ...others.map((other) => cleanOther(other, context)),
    ]);
    const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
    const unknown = count('unknown') === 0 ? '' : `, ${count('unknown')} could not tell`;
    if (count('cleaned') > 0)
      return {
        outcome: 'done',
        detail: `cleaned on ${count('cleaned')} of ${outcomes.length} masters${unknown}`,
      };
    const detail = count('own') > 0 ? "only this run's own key is known" : 'no master knows the name';
    return { outcome: 'skipped', detail: `${detail}${unknown}` };
  },
});

async function clean(master: RpcNode, { run }: StepContext): Promise<Outcome> {
  const { server, state, spki_sha256 } = await master.call(puppetca, 'status', { certname: run.certname });
  if (server === 'unreachable')
    throw new MusterError('MASTER_UNREACHABLE', `the Puppet Server of ${master.identity} does not answer`);
  if (state === 'none' || state === null) return 'clean';
  if (state !== 'revoked' && spki_sha256 === run.puppetSpkiSha256) return 'own';
  await master.call(puppetca, 'clean', { certname: run.certname });
  return 'cleaned';
}

async function cleanOther(master: RpcNode, context: StepContext): Promise<Outcome> {
  try {
    return await clean(master, context);
  } catch (thrown) {
    const error = asMusterError(thrown);
    context.log.warn(
      { master: master.identity, code: error.code, reason: error.message },
      'certname not cleaned on another master',
    );
    return 'unknown';
  }
}

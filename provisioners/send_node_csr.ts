import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { puppetca } from '../agent/agents/puppetca.ddl.ts';
import { MusterError } from '../src/core/errors.ts';
import { defineStep, type RpcNode } from '../src/core/step.ts';

const Options = z.strictObject({
  server: z
    .string()
    .min(1)
    .default('puppet')
    .describe('Name of the master as the node calls it; its certificate must have it'),
  port: z.number().int().min(1).max(65_535).default(8140).describe('Port of the Puppet Server'),
});

/**
 * Has the node send the signing request that it made before its first word to the master, whose CA it is given over the
 * signed bus and not by trust on first use. Skipped when the node holds a certificate of that CA. Throws
 * MASTER_UNREACHABLE, and CSR_MISMATCH when the node would send another key than it showed. *Source:*
 * mcollective-server-provisioner, steps has_cert and send_node_csr.
 */
export default defineStep({
  name: 'send_node_csr',
  summary: 'Have the node send its signing request to the master',
  options: Options,
  timeoutS: 120,
  async run({ node, master, run }, { server, port }) {
    const ca_pem = await caOf(master);
    const { has_cert } = await node.call(provision, 'has_cert', { ca_pem });
    if (has_cert) return { outcome: 'skipped', detail: `the node holds a certificate of ${master.identity}` };
    const { spki_sha256, exitcode, output } = await node.call(provision, 'request_certificate', {
      ca_pem,
      server,
      port,
    });
    if (exitcode !== 0)
      throw new MusterError('MASTER_UNREACHABLE', `the request was not accepted: ${output}`);
    if (spki_sha256 !== run.puppetSpkiSha256)
      throw new MusterError('CSR_MISMATCH', `${node.identity} sent a request for another key than it showed`);
    return { outcome: 'done', detail: output };
  },
});

async function caOf(master: RpcNode): Promise<string> {
  const { server, ca_pem } = await master.call(puppetca, 'status', {});
  if (server !== 'running' || ca_pem === '')
    throw new MusterError('MASTER_UNREACHABLE', `the Puppet Server of ${master.identity} is ${server}`);
  return ca_pem;
}

import type { Agent } from '../../src/core/agent.ts';
import { MusterError } from '../../src/core/errors.ts';
import type { AgentHost } from '../host.ts';
import { trust } from './trust.ddl.ts';

const agent: Agent<typeof trust, AgentHost> = {
  ddl: trust,
  activate: async () => true,
  actions: {
    install_certificate: async ({ certificate }, _request, host) => ({
      not_after_ms: await host.trust.install(certificate),
    }),
    revoke: async ({ list }, _request, host) => ({ revoked: await host.trust.revoke(list) }),
    async send_audit({ from, to }, _request, host) {
      if (host.archive === null) throw new MusterError('CONFLICT', 'audit.send is off on this node');
      return host.archive.resend(from, to);
    },
  },
};

/** Certificates of the bus; always served. */
export default agent;

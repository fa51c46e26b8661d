import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { provision } from './provision.ddl.ts';

const plugin: DataPlugin<typeof provision, Pick<AgentHost, 'node'>> = {
  ddl: provision,
  // A node that was given its certificate by hand is never provisioned.
  activate: async (host) => host.node !== null,
  async query(_, host) {
    const state = host.node?.state.get();
    if (state === undefined) return { locked: false, disabled: true };
    const { lock, disabled, accepted } = state;
    return { locked: lock !== null, disabled, ...(accepted === null ? {} : { run: accepted.run }) };
  },
};

/** The state of provisioning as data. */
export default plugin;

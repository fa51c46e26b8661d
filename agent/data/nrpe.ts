import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { createCheckRunner } from '../nrpe/check.ts';
import { commandNamed } from '../nrpe/commands.ts';
import { nrpe } from './nrpe.ddl.ts';

/** The result of one check, which runs for it. Throws NOT_FOUND for a check that the node does not have. */
const plugin: DataPlugin<typeof nrpe, Pick<AgentHost, 'config'>> = {
  ddl: nrpe,
  activate: async () => true,
  async query(query, host, signal) {
    const runner = await createCheckRunner(host.config);
    const { exitcode, state } = await runner.run(commandNamed(runner.commands, query ?? ''), signal);
    return { exitcode, state };
  },
};

/** Results of checks in filters. */
export default plugin;

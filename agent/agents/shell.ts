import type { Agent } from '../../src/core/agent.ts';
import { settingsOf } from '../declared-settings.ts';
import type { AgentHost } from '../host.ts';
import { runProgram } from '../program.ts';
import { ShellSettings, shell } from './shell.ddl.ts';

/** Two of these, escaped, signed and encrypted, still fit into one message. */
const MAX_BYTES = 20_000;

/** Commands, for those few who may. This agent alone takes a command line from a request: that is what it is for. */
const agent: Agent<typeof shell, AgentHost> = {
  ddl: shell,
  activate: async ({ config }) => settingsOf('shell', ShellSettings, config).enabled,
  actions: {
    async run({ command, timeout_s }, { signal }) {
      const options = { signal, timeoutMs: timeout_s * 1000, maxBytes: MAX_BYTES };
      const { stdout, stderr, exitcode, cut } = await runProgram('/bin/sh', ['-c', command], options);
      return { stdout, stderr, exitcode, success: exitcode === 0, timed_out: cut };
    },
  },
};

/** Commands on the node. */
export default agent;

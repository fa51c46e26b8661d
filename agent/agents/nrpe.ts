import type { Agent } from '../../src/core/agent.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { settingsOf } from '../declared-settings.ts';
import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { type CheckRunner, createCheckRunner, worstState } from '../nrpe/check.ts';
import { commandNamed, type NrpeCommand } from '../nrpe/commands.ts';
import { type CheckResult, NAGIOS_STATES, NrpeSettings, nrpe } from './nrpe.ddl.ts';

/** Of all checks together, so that the reply goes out before the action's own limit. */
const ALL_TIMEOUT_MS = 50_000;
const AT_ONCE = 4;
/** Of one among all: a reply must fit into one message. */
const MAX_CHARS = 500;
const MAX_COMMANDS = 300;

/** Checks of the node, where it has command files. *Source:* MCollective's nrpe agent. */
const agent: Agent<typeof nrpe, AgentHost> = {
  ddl: nrpe,
  async activate({ config }) {
    const { conf_dir, conf_file } = settingsOf('nrpe', NrpeSettings, config);
    return conf_file !== '' || (await exists(conf_dir));
  },
  actions: {
    async runcommand({ command }, request, host) {
      const runner = await createCheckRunner(host.config);
      return runner.run(commandNamed(runner.commands, command), request.signal);
    },

    async runallcommands(_input, request, host) {
      const runner = await createCheckRunner(host.config);
      const { size } = runner.commands;
      // A state that leaves some of them out would be no state of the node.
      if (size > MAX_COMMANDS)
        throw new MusterError(
          'CONFLICT',
          `the node has ${size} checks, at most ${MAX_COMMANDS} fit into one reply: run them by name`,
        );
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(ALL_TIMEOUT_MS)]);
      const waiting = [...runner.commands.values()];
      const commands: CheckResult[] = [];
      const work = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          commands.push(await runOne(runner, next, signal));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      const worst = worstState(commands.map(({ exitcode }) => exitcode));
      commands.sort((a, b) => (a.command < b.command ? -1 : 1));
      return { commands, state: NAGIOS_STATES[worst] ?? 'UNKNOWN' };
    },
  },
};

/** Checks named in the node's own files. */
export default agent;

/** One that cannot run does not keep the others from running. */
async function runOne(runner: CheckRunner, command: NrpeCommand, signal: AbortSignal): Promise<CheckResult> {
  try {
    return await runner.run(command, signal, MAX_CHARS);
  } catch (cause) {
    const output = asMusterError(cause).message;
    return { command: command.name, exitcode: 3, state: 'UNKNOWN', output, perfdata: '' };
  }
}

import { type Command, Option } from 'commander';
import type { CheckResult } from '../../agent/agents/nrpe.ddl.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import {
  type Asked,
  askExitCode,
  askNodes,
  type FilterOptions,
  missingFields,
  saySummary,
  withFilterOptions,
} from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

interface NrpeOptions extends FilterOptions {
  readonly nagios?: true;
}

/** `muster nrpe CHECK`: one check on many nodes. *Source:* `mco nrpe` and `check-mc-nrpe`. */
export default {
  name: 'nrpe',
  register(program: Command): void {
    const command = program
      .command('nrpe')
      .description("run one of the nodes' own Nagios checks on many nodes; print those that are not well")
      .argument('<check>', 'name of the check, e.g. check_load')
      .addOption(
        new Option(
          '--nagios',
          'be a Nagios plug-in: one line, performance data, exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN',
        ).conflicts('json'),
      );
    withFilterOptions(command, 'print those that are well, too').action(
      (check: string, options: NrpeOptions) =>
        options.nagios ? asPlugin(check, options) : nrpe(check, options),
    );
  },
} satisfies CliCommand;

async function nrpe(check: string, options: NrpeOptions): Promise<void> {
  const { checkLines, nodeChecks } = await import('./lib/nrpe-text.ts');
  const asked = await ask(check, options);
  const nodes = nodeChecks(asked);
  const answered = nodes.filter((node) => node.answered);
  if (options.json) {
    const replies = answered.map(({ identity, state, exitcode, output, perfdata }) => ({
      sender: identity,
      ...{ state, exitcode, output, perfdata },
    }));
    sayJson({ check, replies, ...missingFields(asked), total_ms: Math.round(asked.tookMs) });
  } else {
    if (nodes.length > 0) for (const line of checkLines(check, nodes, options.verbose === true)) say(line);
    saySummary(asked);
  }
  const exitCode = askExitCode(asked);
  process.exitCode = exitCode === 0 && answered.some(({ state }) => state !== 'OK') ? 2 : exitCode;
}

/** Nagios reads one line and the exit code, so whatever goes wrong is told there, too. */
async function asPlugin(check: string, options: NrpeOptions): Promise<void> {
  const { nagiosFailure, nagiosReport, nodeChecks } = await import('./lib/nrpe-text.ts');
  try {
    const asked = await ask(check, { ...options, quiet: true });
    const { lines, exitCode } = nagiosReport(check, nodeChecks(asked), asked.tookMs);
    for (const line of lines) say(line);
    process.exitCode = exitCode;
  } catch (thrown) {
    const { code, message } = asMusterError(thrown);
    say(nagiosFailure(check, code, message));
    process.exitCode = 3;
  }
}

async function ask(check: string, options: NrpeOptions): Promise<Asked<CheckResult>> {
  const { checkName, nrpe: ddl } = await import('../../agent/agents/nrpe.ddl.ts');
  const named = checkName.safeParse(check);
  if (!named.success)
    throw new MusterError(
      'USAGE',
      `'${check}' is no name of a check; expected ${named.error.issues[0]?.message}`,
    );
  return askNodes(options, ddl, 'runcommand', { command: check });
}

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { asMusterError, MusterError } from '../core/errors.ts';
import { ROLES } from '../core/role.ts';
import type { FileProblem } from '../trust/policy/lint-file.ts';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, siteAgentsDir, withConfigOptions } from './lib/settings.ts';

interface ExplainOptions extends ConfigOptions {
  readonly role: string;
  readonly target?: string;
  readonly timeout: string;
  readonly json?: true;
}

/** `muster policy`: who may do what on nodes. */
export default {
  name: 'policy',
  register(program: Command): void {
    const policy = program.command('policy').description('who may do what on nodes: check policies, ask why');
    policy
      .command('lint')
      .description('check policy files (AGENT.policy, groups); exit code 1 when one has an error')
      .argument('<file...>', 'policy files')
      .option('--groups <file>', "groups file (default: 'groups' beside the policy)")
      .option('--json', 'print one JSON document')
      .action(lint);
    withConfigOptions(
      policy
        .command('explain')
        .description('ask a node which line of which policy allows or denies an action')
        .argument('<caller>', 'cert=NAME, or NAME')
        .argument('<action>', 'AGENT#ACTION, e.g. rpcutil#ping')
        .argument('<node>', 'identity of the node'),
    )
      .option('--role <role>', `role in the certificate of the caller: ${ROLES.join(', ')}`, 'operator')
      .option('-T, --target <collective>', 'collective of the node (default: where it was last heard of)')
      .option('-t, --timeout <seconds>', 'longest wait', '5')
      .option('--json', 'print one JSON document')
      .action(explain);
  },
} satisfies CliCommand;

async function lint(files: string[], options: { groups?: string; json?: true }): Promise<void> {
  const problems = (await Promise.all(files.map((file) => lintFile(file, options.groups)))).flat();
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (options.json) sayJson({ files: files.length, errors, problems });
  else {
    for (const { file, line, column, severity, message, hint } of problems) {
      const colour = severity === 'error' ? 'red' : 'yellow';
      say(`${file}:${line}:${column}: ${paint(colour, severity)}: ${message}`);
      if (hint !== undefined) say(`    ${hint}`);
    }
    say(`${files.length} checked, ${errors} errors, ${problems.length - errors} warnings`);
  }
  if (errors > 0) process.exitCode = 1;
}

async function lintFile(file: string, groupsFile: string | undefined): Promise<FileProblem[]> {
  const { lintPolicyFile } = await import('../trust/policy/lint-file.ts');
  const text = await readText(file);
  const actions = await actionsOf(basename(file).replace(/\.policy$/, ''));
  return lintPolicyFile({ file, text }, await groupsText(file, groupsFile), () => actions);
}

async function groupsText(file: string, groupsFile: string | undefined): Promise<string> {
  if (groupsFile !== undefined) return readText(groupsFile);
  return readFile(join(dirname(file), 'groups'), 'utf8').catch(() => '');
}

/** null for an agent that Muster does not know: a site's own. */
async function actionsOf(agent: string): Promise<readonly string[] | null> {
  const { loadDdl } = await import('./lib/ddls.ts');
  try {
    return Object.keys((await loadDdl(agent, () => siteAgentsDir({}))).actions);
  } catch (thrown) {
    if (asMusterError(thrown).code === 'NOT_FOUND') return null;
    throw thrown;
  }
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new MusterError('NOT_FOUND', `${file} cannot be read: ${asMusterError(cause).message}`, { cause });
  });
}

async function explain(name: string, what: string, identity: string, options: ExplainOptions): Promise<void> {
  const role = ROLES.find((known) => known === options.role);
  if (role === undefined)
    throw new MusterError('USAGE', `--role is '${options.role}'; expected ${ROLES.join(', ')}`);
  const [, agent, action] = /^([^#]+)#([^#]+)$/.exec(what) ?? [];
  if (agent === undefined || action === undefined)
    throw new MusterError('USAGE', `'${what}': expected AGENT#ACTION, e.g. rpcutil#ping`);
  const caller = name.startsWith('cert=') ? name : `cert=${name}`;
  const { seconds } = await import('./lib/numbers.ts');
  const timeoutS = seconds('--timeout', options.timeout, { min: 0.1 });
  const config = await readSettings(options);
  const { rpcutil } = await import('../../agent/agents/rpcutil.ddl.ts');
  const { openFleet } = await import('./lib/fleet.ts');
  const fleet = await openFleet(config);
  try {
    const known = await fleet.registry.get(identity);
    const collective = options.target ?? known?.collectives.at(-1) ?? config.collectives.production;
    const input = { caller, role, agent, action };
    const node = fleet.rpc.node(collective, identity, {});
    const answer = await node.call(rpcutil, 'policy_explain', input, { timeoutS });
    if (options.json) return sayJson({ ...input, node: identity, ...answer });
    const word = answer.verdict === 'allow' ? paint('green', 'allowed') : paint('red', 'denied');
    const place = answer.line === null ? answer.file : `${answer.file}:${answer.line}`;
    say(`${caller} (${role}) ${word}: ${what} on ${identity}`);
    say(`  ${place}${answer.text === null ? '' : `: ${answer.text.replaceAll('\t', '  ')}`}`);
    say(`  ${answer.reason}`);
    if (!answer.known) say(`  ${paint('yellow', `${identity} does not serve ${what} now`)}`);
  } finally {
    await fleet.close();
  }
}

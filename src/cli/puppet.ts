import type { Command } from 'commander';
import { appOptions, endApp, nodeLines, runApp } from './lib/apps.ts';
import { type Asked, askNodes, type FilterOptions, saySummary, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { parseFacts } from './lib/facts.ts';
import { say, sayJson } from './lib/output.ts';
import type { RunOnceOptions } from './lib/puppet-app.ts';

type LastRunOptions = FilterOptions & { readonly logs?: true };

/** `muster puppet`: runs Puppet on many nodes and tells how it stands there. *Source:* `mco puppet`. */
export default {
  name: 'puppet',
  register(program: Command): void {
    const puppet = program
      .command('puppet')
      .description('run, enable, disable and interrogate the Puppet agent of many nodes');
    const add = (name: string, description: string): Command =>
      withFilterOptions(puppet.command(name).description(description));
    withRunOptions(add('runonce', 'start one run of Puppet')).action(runonce);
    add('run_status', 'tell how runs stand that runonce started')
      .argument('<run>', 'name of the run, as runonce prints it')
      .action(runStatus);
    add('status', 'tell in a line a node how Puppet stands').action(status);
    add('summary', 'show how resources and times of the last runs are distributed').action(summary);
    add('count', 'count running, enabled and disabled nodes').action(count);
    add('enable', 'enable the Puppet agent').action(enable);
    add('disable', 'disable the Puppet agent')
      .argument('[message...]', 'why; without it, who did it and when')
      .action(disable);
    add('resource', 'let Puppet make one resource so')
      .argument('<type>', 'type of the resource, e.g. user')
      .argument('<name>', 'name of the resource')
      .argument('[property...]', 'key=value')
      .action(resource);
    add('last_run', 'show the last run of each node')
      .option('--logs', 'with what Puppet logged')
      .action(lastRun);
  },
} satisfies CliCommand;

function withRunOptions(command: Command): Command {
  return command
    .option('--force', 'run at once, without splay')
    .option('--server <host[:port]>', 'use this Puppet Server, where the node allows it')
    .option('--tags <tags>', 'only resources with one of these tags, with commas')
    .option('--skip_tags <tags>', 'no resources with one of these tags')
    .option('--noop', 'only tell what would change')
    .option('--no-noop', 'change it even where puppet.conf says noop')
    .option('-E, --environment <name>', 'Puppet environment')
    .option('--splay', 'sleep for a while first')
    .option('--no-splay', 'do not sleep first')
    .option('--splaylimit <seconds>', 'longest sleep')
    .option('--use_cached_catalog', 'apply the catalog of the last run again')
    .option('--no-use_cached_catalog', 'fetch a new catalog')
    .option('--ignoreschedules', 'apply what a schedule would leave out, too')
    .option('--wait [seconds]', 'wait until the runs have ended (at most an hour), and tell which were bad');
}

async function load() {
  const [{ puppet: ddl }, text] = await Promise.all([
    import('../../agent/agents/puppet.ddl.ts'),
    import('./lib/puppet-app.ts'),
  ]);
  return { ddl, text };
}

async function runonce(_options: unknown, command: Command): Promise<void> {
  const { ddl } = await load();
  const { startRuns } = await import('./lib/puppet-runonce.ts');
  await startRuns(ddl, appOptions<RunOnceOptions>(command, ddl));
}

function sayFailed(asked: Asked<unknown>): void {
  for (const line of nodeLines(asked.replies, null)) say(line);
}

async function runStatus(run: string, _options: unknown, command: Command): Promise<void> {
  const { ddl, text } = await load();
  await runApp(appOptions(command, ddl), { ddl, action: 'run_status', input: { run }, line: text.runLine });
}

async function status(_options: unknown, command: Command): Promise<void> {
  const { ddl } = await load();
  await runApp(appOptions(command, ddl), {
    ddl,
    action: 'status',
    input: {},
    line: ({ message }) => message,
  });
}

async function summary(_options: unknown, command: Command): Promise<void> {
  const { ddl, text } = await load();
  const options = appOptions<FilterOptions>(command, ddl);
  const asked = await askNodes(options, ddl, 'last_run_summary', {});
  const { appJson } = await import('./lib/app-output.ts');
  sayAll(options, appJson(ddl, 'last_run_summary', asked), asked, text.summaryLines(dataOf(asked)));
}

async function count(_options: unknown, command: Command): Promise<void> {
  const { ddl, text } = await load();
  const options = appOptions<FilterOptions>(command, ddl);
  const asked = await askNodes(options, ddl, 'status', {});
  const { appJson } = await import('./lib/app-output.ts');
  sayAll(options, appJson(ddl, 'status', asked), asked, text.countLines(dataOf(asked)));
}

/** Figures of all nodes together, then who failed. */
function sayAll(options: FilterOptions, json: object, asked: Asked<unknown>, lines: readonly string[]): void {
  if (options.json) sayJson(json);
  else {
    if (dataOf(asked).length > 0) for (const line of lines) say(line);
    sayFailed(asked);
    saySummary(asked);
  }
  endApp(options, asked);
}

function dataOf<O>(asked: Asked<O>): O[] {
  return asked.replies.flatMap(({ data }) => (data === null ? [] : [data]));
}

async function enable(_options: unknown, command: Command): Promise<void> {
  const { ddl } = await load();
  await runApp(appOptions(command, ddl), { ddl, action: 'enable', input: {}, line: null });
}

async function disable(words: readonly string[], _options: unknown, command: Command): Promise<void> {
  const { ddl } = await load();
  const input = words.length === 0 ? {} : { message: words.join(' ') };
  await runApp(appOptions(command, ddl), { ddl, action: 'disable', input, line: null });
}

async function resource(
  type: string,
  name: string,
  properties: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const { ddl } = await load();
  const input = { type: type.toLowerCase(), name, properties: parseFacts(properties, 'property') };
  const line = ({ result, changed }: { result: string; changed: boolean }) =>
    changed ? result : 'is so already';
  await runApp(appOptions(command, ddl), { ddl, action: 'resource', input, line });
}

async function lastRun(_options: unknown, command: Command): Promise<void> {
  const { ddl, text } = await load();
  const options = appOptions<LastRunOptions>(command, ddl);
  const input = { logs: options.logs === true };
  await runApp(options, { ddl, action: 'last_run_summary', input, line: text.lastRunText });
}

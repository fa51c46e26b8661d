import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson, table } from './lib/output.ts';
import { type SiteOptions, siteAgentsDir, withConfigOptions } from './lib/settings.ts';

interface DocOptions extends SiteOptions {
  readonly json?: true;
}

interface GenerateOptions {
  readonly actions: string;
  readonly language: string;
  readonly dir: string;
  readonly json?: true;
}

/** `muster plugin`: contracts of agents and data plug-ins, read, published, begun and checked. *Source:* `mco plugin`. */
export default {
  name: 'plugin',
  register(program: Command): void {
    const plugin = program
      .command('plugin')
      .description('contracts of agents and data plug-ins: show, publish, begin, check');
    withDir(plugin.command('doc'))
      .description('list all, or show the contract of one')
      .argument('[name]', 'agent/NAME, data/NAME, or NAME of an agent')
      .action(doc);
    withDir(plugin.command('export'))
      .description("print the contract of an agent in Choria's JSON form")
      .argument('<agent>', 'name of the agent')
      .action(exportDdl);
    plugin
      .command('generate')
      .description('begin an external agent: a contract and a program that answers')
      .argument('<agent>', 'name of the agent')
      .option('--actions <names>', 'its actions, separated by commas', 'hello')
      .option('--language <language>', 'language of the program: python or sh', 'python')
      .option('--dir <folder>', 'where the two files go', '.')
      .option('--json', 'print one JSON document')
      .action(generate);
    plugin
      .command('check')
      .description('load plug-in files of any kind as Muster would; exit code 1 when one does not load')
      .argument('<file...>', 'plug-ins (*.ts, *.js, *.mjs) and contracts (*.json)')
      .option('--json', 'print one JSON document')
      .action(check);
  },
} satisfies CliCommand;

function withDir(command: Command): Command {
  const about =
    "folder of contracts (AGENT.json) of a site's own agents (default: plugins.agents_dir of the config)";
  return withConfigOptions(command.option('--agents-dir <folder>', about)).option(
    '--json',
    'print one JSON document',
  );
}

async function doc(name: string | undefined, options: DocOptions): Promise<void> {
  const { json } = options;
  const ddls = await import('./lib/ddls.ts');
  const { writeJsonDdl } = await import('../core/ddl-json/write.ts');
  const { agentDoc, dataDoc } = await import('./lib/plugin/doc.ts');
  if (name === undefined) {
    const site = await siteAgentsDir(options);
    const [agents, data] = await Promise.all([ddls.loadDdls(site), ddls.loadDataDdls()]);
    const brief = ({ name, version, description }: (typeof agents)[number] | (typeof data)[number]) => ({
      name,
      version,
      description,
    });
    if (json) return sayJson({ agents: agents.map(brief), data: data.map(brief) });
    const rows = (kind: string, list: readonly { name: string; version: string; description: string }[]) =>
      list.map((one) => [`${kind}/${one.name}`, one.version, one.description]);
    return say(
      table(['PLUG-IN', 'VERSION', 'DESCRIPTION'], [...rows('agent', agents), ...rows('data', data)]),
    );
  }
  const [, kind = 'agent', stem = ''] = /^(?:(agent|data)\/)?(.+)$/.exec(name) ?? [];
  if (kind === 'data') {
    const ddl = await ddls.loadDataDdl(stem);
    const { name: of, version, description } = ddl;
    if (json) return sayJson({ name: of, version, description, text: dataDoc(ddl) });
    return dataDoc(ddl).forEach((line) => {
      say(line);
    });
  }
  const ddl = await ddls.loadDdl(stem, () => siteAgentsDir(options));
  if (json) return sayJson(writeJsonDdl(ddl));
  for (const line of agentDoc(ddl)) say(line);
}

async function exportDdl(agent: string, options: DocOptions): Promise<void> {
  const { loadDdl } = await import('./lib/ddls.ts');
  const { writeJsonDdl } = await import('../core/ddl-json/write.ts');
  sayJson(writeJsonDdl(await loadDdl(agent, () => siteAgentsDir(options))));
}

async function generate(name: string, options: GenerateOptions): Promise<void> {
  const { generateAgent, LANGUAGES } = await import('./lib/plugin/generate.ts');
  const language = LANGUAGES.find((known) => known === options.language);
  if (language === undefined)
    throw new MusterError('USAGE', `--language is '${options.language}'; expected ${LANGUAGES.join(' or ')}`);
  const { isTaken } = await import('./lib/plugin/check.ts');
  if (await isTaken(name))
    throw new MusterError(
      'USAGE',
      `the name '${name}' is that of an agent of Muster or Choria; expected another`,
    );
  const actions = options.actions.split(',').map((action) => action.trim());
  const files = await generateAgent({ name, actions, language, dir: options.dir });
  if (options.json) return sayJson({ files });
  for (const file of files) say(`wrote ${file}`);
  say(`next: muster plugin check ${files[0]}`);
  say(
    '      then copy both into the agents_dir of the daemons, and the contract into plugins.agents_dir here',
  );
  say(
    `      nobody may call it until ${name}.policy in the policies_dir of the daemons says who: docs/own-agents.md`,
  );
}

async function check(files: string[], { json }: { json?: true }): Promise<void> {
  const { checkPlugin } = await import('./lib/plugin/check.ts');
  const found = await Promise.all(
    files.map((file) => checkPlugin(file).catch((thrown: unknown) => problemOf(file, thrown))),
  );
  if (json) sayJson({ files: found });
  else {
    for (const one of found) {
      if ('error' in one)
        say(
          `${paint('red', 'wrong')}  ${one.error}${one.details.map((line) => `\n         ${line}`).join('')}`,
        );
      else {
        say(`${paint('green', 'good')}   ${one.file}: ${one.kind} ${one.name}`);
        for (const warning of one.warnings) say(`       ${paint('yellow', 'warning')}: ${warning}`);
      }
    }
  }
  if (found.some((one) => 'error' in one)) process.exitCode = 1;
}

function problemOf(
  file: string,
  thrown: unknown,
): { file: string; error: string; details: readonly string[] } {
  if (thrown instanceof MusterError) return { file, error: thrown.message, details: thrown.details.slice(1) };
  throw thrown;
}

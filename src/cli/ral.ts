import type { Command } from 'commander';
import { appOptions, runApp } from './lib/apps.ts';
import { type FilterOptions, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { parseFacts } from './lib/facts.ts';

type CreateOptions = FilterOptions & { readonly avoidConflict?: string };

/** `muster ral`: resources of many nodes, as Puppet sees them. *Source:* the puppetral agent, and `puppet resource`. */
export default {
  name: 'ral',
  register(program: Command): void {
    const ral = program
      .command('ral')
      .description("resources of many nodes, through Puppet's resource layer");
    const add = (name: string, description: string): Command =>
      withFilterOptions(ral.command(name).description(description)).argument('<type>', 'type, e.g. user');
    add('find', 'show one resource').argument('<title>', 'its name').action(find);
    add('search', 'show all resources of a type').action(search);
    add('create', 'make a resource so')
      .argument('<title>', 'its name')
      .argument('[property...]', 'key=value')
      .option('--avoid-conflict <property>', 'leave this property out when another resource has its value')
      .action(create);
  },
} satisfies CliCommand;

async function load() {
  const { puppetral } = await import('../../agent/agents/puppetral.ddl.ts');
  return puppetral;
}

async function find(type: string, title: string, _options: unknown, command: Command): Promise<void> {
  const ddl = await load();
  const { stringify } = await import('yaml');
  const input = { type: type.toLowerCase(), title };
  const line = ({ managed, properties }: { managed: boolean; properties: Record<string, unknown> }) =>
    `${managed ? 'managed by Puppet' : 'not managed by Puppet'}\n${stringify(properties).trimEnd()}`;
  await runApp(appOptions(command, ddl), { ddl, action: 'find', input, line });
}

async function search(type: string, _options: unknown, command: Command): Promise<void> {
  const ddl = await load();
  const line = ({ resources, count }: { resources: readonly { title: string }[]; count: number }) =>
    [`${count} found`, ...resources.map(({ title }) => title)].join('\n');
  await runApp(appOptions(command, ddl), {
    ddl,
    action: 'search',
    input: { type: type.toLowerCase() },
    line,
  });
}

async function create(
  type: string,
  title: string,
  properties: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const ddl = await load();
  const options = appOptions<CreateOptions>(command, ddl);
  const { avoidConflict } = options;
  const input = {
    ...{ type: type.toLowerCase(), title, properties: parseFacts(properties, 'property') },
    ...(avoidConflict === undefined ? {} : { avoid_conflict: avoidConflict }),
  };
  const line = ({ result, changed, avoided }: { result: string; changed: boolean; avoided: boolean }) =>
    `${changed ? result : 'is so already'}${avoided ? `; ${avoidConflict} left out, another has it` : ''}`;
  await runApp(options, { ddl, action: 'create', input, line });
}

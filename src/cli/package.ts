import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import { appOptions, runApp } from './lib/apps.ts';
import { type FilterOptions, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { twoOrders } from './lib/two-orders.ts';

type Options = FilterOptions & { readonly version?: string };

const CHANGES = ['install', 'update', 'uninstall', 'purge'] as const;
const LONE = ['apt_update', 'checkupdates'] as const;
const ACTIONS = [...CHANGES, 'status', ...LONE] as const;

/** `muster package NAME install`, and the other order. *Source:* `mco package`. */
export default {
  name: 'package',
  register(program: Command): void {
    const command = program
      .command('package')
      .description(`packages of many nodes: NAME ${ACTIONS.join('|')}`)
      .argument('<name>', 'name of the package; or the action, then the name')
      .argument('[action]', ACTIONS.join(', '))
      .option('--version <version>', 'version to install');
    withFilterOptions(command).action(run);
  },
} satisfies CliCommand;

async function run(
  first: string,
  second: string | undefined,
  _options: Options,
  command: Command,
): Promise<void> {
  const { package: ddl } = await import('../../agent/agents/package.ddl.ts');
  const { action, name } = twoOrders([first, second], { actions: ACTIONS, lone: LONE, what: 'package' });
  const options = appOptions<Options>(command, ddl);
  const { version } = options;
  if (version !== undefined && action !== 'install')
    throw new MusterError('USAGE', `--version is for install alone, not for ${action}`);
  const input = { package: name ?? '' };
  switch (action) {
    case 'apt_update':
      return runApp(options, { ddl, action, input: {}, line: null });
    case 'checkupdates':
      return runApp(options, { ddl, action, input: {}, line: updates });
    case 'status':
      return runApp(options, {
        ddl,
        action,
        input,
        line: ({ ensure, arch }) => ensureText(input.package, ensure, arch),
      });
    case 'install':
      return runApp(options, { ddl, action, input: { ...input, ...(version && { version }) }, line: null });
    default:
      return runApp(options, { ddl, action, input, line: null });
  }
}

/** `nginx-1.22.1-9.amd64`, or that it is absent or purged. */
function ensureText(name: string, ensure: string, arch: string | null): string {
  return arch === null ? ensure : `${name}-${ensure}.${arch}`;
}

function updates({
  outdated_packages: packages,
}: {
  readonly outdated_packages: readonly { readonly package: string }[];
}): string {
  return packages.length === 0 ? 'nothing to update' : packages.map((one) => one.package).join(' ');
}

import type { Command } from 'commander';
import { appOptions, runApp } from './lib/apps.ts';
import { type FilterOptions, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { twoOrders } from './lib/two-orders.ts';

const ACTIONS = ['status', 'start', 'stop', 'restart', 'enable', 'disable'] as const;

/** `muster service NAME restart`, and the other order. *Source:* `mco service`. */
export default {
  name: 'service',
  register(program: Command): void {
    const command = program
      .command('service')
      .description(`services of many nodes: NAME ${ACTIONS.join('|')}`)
      .argument('<name>', 'name of the service; or the action, then the name')
      .argument('[action]', ACTIONS.join(', '));
    withFilterOptions(command).action(run);
  },
} satisfies CliCommand;

async function run(
  first: string,
  second: string | undefined,
  _options: FilterOptions,
  command: Command,
): Promise<void> {
  const { service: ddl } = await import('../../agent/agents/service.ddl.ts');
  const { action, name } = twoOrders([first, second], { actions: ACTIONS, lone: [], what: 'service' });
  const line = action === 'status' ? ({ status }: { readonly status: string }) => status : null;
  await runApp(appOptions(command, ddl), { ddl, action, input: { service: name ?? '' }, line });
}

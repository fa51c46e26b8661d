import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson, table } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';

/** `muster masters`: the Puppet masters that answer now. */
export default {
  name: 'masters',
  register(program: Command): void {
    const command = program
      .command('masters')
      .description('list the Puppet masters that answer now, with the facts by which they are picked')
      .option('--json', 'print one JSON document');
    withConfigOptions(command).action(list);
  },
} satisfies CliCommand;

async function list(options: ConfigOptions & { readonly json?: true }): Promise<void> {
  const config = await readSettings(options);
  const { openFleet } = await import('./lib/fleet.ts');
  const { discoverMasters } = await import('../controller/discovery.ts');
  const fleet = await openFleet(config);
  try {
    const masters = await discoverMasters(fleet.rpc, fleet.registry, {
      collective: config.collectives.production,
      timeoutS: config.master.discovery_s,
    });
    if (options.json) sayJson({ masters });
    else if (masters.length === 0) say('no master answers: none runs the daemon with the puppetca agent');
    else {
      const rows = masters.map((master) => [
        master.identity,
        master.healthy ? paint('green', 'running') : paint('red', 'not running'),
        master.facts.ec2_placement_region ?? '',
        master.facts.country ?? '',
        master.facts.ipaddress ?? '',
      ]);
      say(table(['MASTER', 'PUPPET SERVER', 'REGION', 'COUNTRY', 'ADDRESS'], rows));
    }
  } finally {
    await fleet.close();
  }
}

import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { stopSignal } from './lib/stop.ts';

/** `muster controller`: hears hellos, walks runs, tells people. Any number may run beside each other. */
export default {
  name: 'controller',
  register(program: Command): void {
    const command = program
      .command('controller')
      .description('run a controller: hear hellos, provision, tell people');
    withConfigOptions(command).action(async (options: ConfigOptions) => {
      const config = await readSettings(options);
      const { createLog } = await import('../core/log.ts');
      const { loadAllPlugins } = await import('./lib/plugins.ts');
      const plugins = await loadAllPlugins(config);
      const { startController } = await import('../controller/controller.ts');
      const log = createLog({ level: config.log.level, name: 'muster-controller' });
      const controller = await startController({ config, log, signal: stopSignal(), plugins });
      await controller.closed;
    });
  },
} satisfies CliCommand;

import type { Command } from 'commander';
import type { Origins } from '../core/config/explain.ts';
import type { CliCommand } from './lib/command.ts';
import { stopSignal } from './lib/stop.ts';

/** `muster daemon`: the agent daemon of a node, from source; nodes run the bundled file. */
export default {
  name: 'daemon',
  register(program: Command): void {
    program
      .command('daemon')
      .description('run the daemon of a node (nodes run its bundled form)')
      .option('-c, --config <file>', 'config file', '/etc/muster/daemon.yaml')
      .option('--set <key=value...>', 'override settings')
      .action(async (options: { config: string; set?: string[] }) => {
        const { runDaemon } = await import('../../agent/main.ts');
        const { DaemonConfig } = await import('../core/config/daemon.ts');
        const { loadConfig, pluginDirOf } = await import('../core/config/load.ts');
        const { createLog } = await import('../core/create-log.ts');
        const origins: Origins = new Map();
        const config = await loadConfig(DaemonConfig, {
          ...{ path: options.config, env: process.env, flags: options.set ?? [] },
          ...{ pluginD: true, origins },
        });
        await runDaemon(config, {
          origins,
          pluginDir: pluginDirOf(options.config),
          signal: stopSignal(),
          log: createLog({ level: config.log.level, name: 'muster-daemon' }),
        });
      });
  },
} satisfies CliCommand;

import type { Command } from 'commander';
import type { Log } from '../core/log.ts';
import type { CliCommand } from './lib/command.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { stopSignal } from './lib/stop.ts';

/** Longest stop, in seconds. Nothing is lost after it: every run is in Redis. */
const STOP_S = 15;

/** `muster controller`: hears hellos, walks runs, tells people. Any number may run beside each other. */
export default {
  name: 'controller',
  register(program: Command): void {
    const command = program
      .command('controller')
      .description('run a controller: hear hellos, provision, tell people');
    withConfigOptions(command).action(async (options: ConfigOptions) => {
      // Its log says it, and nothing else stands there.
      const config = await readSettings(options, { quiet: true });
      const { createLog } = await import('../core/create-log.ts');
      const { loadAllPlugins } = await import('./lib/plugins.ts');
      const plugins = await loadAllPlugins(config);
      const { startController } = await import('../controller/controller.ts');
      const log = createLog({ level: config.log.level, name: 'muster-controller' });
      const signal = stopSignal();
      const controller = await startController({ config, log, signal, plugins });
      await closedInTime(controller.closed, signal, log);
    });
  },
} satisfies CliCommand;

/** Waits for the end; when the stop hangs on something that is gone, such as Redis, the process ends all the same. */
async function closedInTime(closed: Promise<void>, signal: AbortSignal, log: Log): Promise<void> {
  signal.addEventListener('abort', () => {
    const hang = (): void => {
      log.warn({ seconds: STOP_S }, 'did not stop in time, ends at once');
      process.exit(1);
    };
    setTimeout(hang, STOP_S * 1000).unref();
  });
  await closed;
}

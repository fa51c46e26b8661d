import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';

interface SetupOptions extends ConfigOptions {
  readonly master?: string[];
  readonly operator?: string[];
  readonly json?: true;
}

/** `muster broker`: what must stand on RabbitMQ before anybody connects. */
export default {
  name: 'broker',
  register(program: Command): void {
    const broker = program.command('broker').description('the broker: lay it out and lock it down');
    withConfigOptions(
      broker
        .command('setup')
        .description('virtual host, exchanges, queues, users and permissions; safe to repeat')
        .option('--master <name...>', 'let these masters in (names of their certificates)')
        .option('--operator <name...>', 'let these operators in (names of their certificates)')
        .option('--json', 'print one JSON document'),
    ).action(setup);
    withConfigOptions(
      broker
        .command('check')
        .description('say what is open on the broker; exit code 1 when something is')
        .option('--json', 'print one JSON document'),
    ).action(check);
  },
} satisfies CliCommand;

async function setup(options: SetupOptions): Promise<void> {
  const config = await readSettings(options);
  const { setupBroker } = await import('./lib/broker-setup.ts');
  const { master: masters = [], operator: operators = [] } = options;
  const { noteIfSetUp } = await import('./lib/operation.ts');
  const subject = config.broker.vhost;
  await noteIfSetUp(config, { agent: 'broker', action: 'setup', subject, data: { masters, operators } });
  const controller = await setupBroker(config, { masters, operators });
  const { vhost } = config.broker;
  if (options.json) sayJson({ vhost, controllers: [controller], masters, operators });
  else
    say(
      `the broker is laid out: virtual host ${vhost}, controller ${controller}${listed('masters', masters)}${listed('operators', operators)}`,
    );
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `, ${what} ${names.join(', ')}`;
}

async function check(options: ConfigOptions & { readonly json?: true }): Promise<void> {
  const config = await readSettings(options);
  const { brokerFindings } = await import('./lib/broker-check.ts');
  const findings = await brokerFindings(config);
  if (options.json) sayJson({ open: findings.length, findings });
  else if (findings.length === 0) say('the broker is locked down: nothing was found open');
  else {
    for (const { severity, code, what, next } of findings) {
      say(`${paint(severity === 'high' ? 'red' : 'yellow', severity)}  ${code}  ${what}`);
      say(`  next: ${next}`);
    }
  }
  if (findings.length > 0) process.exitCode = 1;
}

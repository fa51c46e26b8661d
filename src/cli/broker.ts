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
  const { createBrokerAdmin } = await import('../bus/admin.ts');
  const { DaemonConfig } = await import('../core/config/daemon.ts');
  const { managementPassword } = await import('./lib/broker-password.ts');
  const { commonNameOf } = await import('./lib/certificate-name.ts');
  const { broker, collectives, trust } = config;
  const admin = createBrokerAdmin({
    url: broker.management_url,
    user: broker.management_user,
    password: await managementPassword(broker),
    vhost: broker.vhost,
  });
  const controller = await commonNameOf(trust.certificate);
  // The login of the hello is public: it is in the user data of every node, and this is where it is declared.
  const hello = DaemonConfig.shape.broker.parse({ host: broker.host });
  await admin.setupBroker({
    collectives: [collectives.provisioning, collectives.production],
    controllers: [controller],
    operators: options.operator ?? [],
    hello: { user: hello.hello_user, password: hello.hello_password },
  });
  for (const name of options.master ?? []) await admin.addMasterUser(name, [collectives.production]);
  const done = {
    vhost: broker.vhost,
    controllers: [controller],
    masters: options.master ?? [],
    operators: options.operator ?? [],
  };
  if (options.json) sayJson(done);
  else
    say(
      `the broker is laid out: virtual host ${broker.vhost}, controller ${controller}${listed('masters', done.masters)}${listed('operators', done.operators)}`,
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

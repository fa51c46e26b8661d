import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { withStore } from './lib/store.ts';

interface Options extends ConfigOptions {
  readonly group: string;
  readonly ttl: string;
  readonly json?: true;
}

const ATTESTOR = 'one_time_token';
const MAX_TTL_S = 30 * 86_400;

/** `muster token`: join tokens for single machines, where no cloud vouches for them. */
export default {
  name: 'token',
  register(program: Command): void {
    const token = program.command('token').description('one-time join tokens of single machines');
    withConfigOptions(
      token
        .command('issue')
        .description('make a token for one machine and print it once; only its hash is kept')
        .argument('<name>', 'instance_id in the daemon.yaml of the machine'),
    )
      .requiredOption('--group <group>', `group whose attestor is ${ATTESTOR}`)
      .option('--ttl <seconds>', 'how long it is good', '3600')
      .option('--json', 'print one JSON document')
      .action(issue);
  },
} satisfies CliCommand;

async function issue(name: string, options: Options): Promise<void> {
  const { operationsOf } = await import('./lib/operation.ts');
  const { seconds } = await import('./lib/numbers.ts');
  const ttlS = seconds('--ttl', options.ttl, { min: 1, max: MAX_TTL_S, whole: true });
  const { identityName } = await import('../core/names.ts');
  if (!identityName.safeParse(name).success || name.length > 63)
    throw new MusterError('USAGE', 'NAME: at most 63 lower case letters, digits and dashes');
  const config = await readSettings(options);
  const { group } = options;
  if (config.groups[group]?.attestor !== ATTESTOR)
    throw new MusterError(
      'USAGE',
      `--group: '${group}' is no group of the config whose attestor is ${ATTESTOR}`,
    );
  const { createJoinTokens } = await import('../controller/join-tokens.ts');
  const operation = { agent: 'token', action: 'issue', subject: name, data: { group, ttl_s: ttlS } };
  const token = await withStore(config, async (door) =>
    (await operationsOf(config, door)).carry(operation, () =>
      createJoinTokens(door).issue({ group, name }, ttlS),
    ),
  );
  if (options.json) sayJson({ name, group, ttl_s: ttlS, token });
  else say(token);
}

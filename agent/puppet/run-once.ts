import { randomBytes } from 'node:crypto';
import type { ParsedInput } from '../../src/core/ddl.ts';
import { MusterError } from '../../src/core/errors.ts';
import type { PuppetRun } from '../../src/core/puppet-run-schema.ts';
import { PuppetSettings } from '../../src/core/puppet-settings.ts';
import type { puppet as ddl } from '../agents/puppet.ddl.ts';
import { settingsOf } from '../declared-settings.ts';
import type { AgentHost } from '../host.ts';
import { agentCommand } from './command.ts';
import { disabledMessage } from './disable.ts';
import { puppetOf } from './of-host.ts';
import type { RunCommand } from './runs.ts';
import { isApplying } from './status.ts';

/** What may be said of one run. */
export type RunOnceInput = ParsedInput<typeof ddl, 'runonce'>;

interface Splay {
  readonly splay: boolean;
  readonly limitS: number;
}

/**
 * Starts one run of Puppet as the resident agent would make it, or tells how the one of this name stands. `started` is false
 * when it was there already. Throws CONFLICT (Puppet is disabled, or the name was used for another environment), NODE_LOCKED
 * (a catalog is being applied), RPC_DENIED (server), RPC_INVALID_DATA, CONFIG_INVALID, PUPPET_MISSING.
 * *Source:* mcollective-puppet-agent, `runonce`; a resident agent that idles is not signalled, because it takes no options
 * and does not say which run was the one that was asked for.
 */
export async function runOnce(
  host: AgentHost,
  input: RunOnceInput,
): Promise<{ readonly run: PuppetRun; readonly started: boolean }> {
  const splay = splayOf(host, input);
  const [server, port] = serverOf(host, input);
  const wish = {
    run: input.run ?? `runonce-${host.clock.nowMs()}-${randomBytes(3).toString('hex')}`,
    environment: input.environment ?? null,
    timeoutS: input.timeout_s + (splay.splay ? splay.limitS : 0),
  };
  let started = false;
  const run = await host.runs.start(wish, async (): Promise<RunCommand> => {
    const paths = await puppetOf(host);
    await checkIdle(paths);
    started = true;
    return agentCommand(paths, {
      ...{ server, port, timeoutS: wish.timeoutS },
      ...{ environment: input.environment, tags: input.tags, skipTags: input.skip_tags },
      splayLimitS: splay.splay ? splay.limitS : undefined,
      flags: {
        noop: input.noop,
        splay: splay.splay,
        use_cached_catalog: input.use_cached_catalog,
        ignoreschedules: input.ignoreschedules,
      },
    });
  });
  return { run, started };
}

async function checkIdle(paths: { readonly stateDir: string }): Promise<void> {
  const reason = await disabledMessage(paths);
  if (reason !== null)
    throw new MusterError('CONFLICT', `Puppet is disabled${reason === '' ? '' : `: '${reason}'`}`);
  if (await isApplying(paths))
    throw new MusterError('NODE_LOCKED', 'Puppet is currently applying a catalog, cannot run now');
}

function splayOf(host: AgentHost, { force, splay, splaylimit }: RunOnceInput): Splay {
  if (force === true && (splay === true || splaylimit !== undefined))
    throw new MusterError('RPC_INVALID_DATA', 'force: it runs at once, so give neither splay nor splaylimit');
  if (force === true) return { splay: false, limitS: 0 };
  const settings = settingsOf('puppet', PuppetSettings, host.config);
  return {
    splay: splay ?? settings.splay,
    limitS: splaylimit ?? settings.splaylimit,
  };
}

function serverOf(host: AgentHost, { server }: RunOnceInput): [string?, number?] {
  if (server === undefined) return [];
  if (!settingsOf('puppet', PuppetSettings, host.config).allow_server_override)
    throw new MusterError(
      'RPC_DENIED',
      'server: settings.puppet.allow_server_override of this node is not true',
    );
  const [name = server, port = '8140'] = server.split(':');
  if (Number(port) < 1 || Number(port) > 65_535)
    throw new MusterError('RPC_INVALID_DATA', `server: ${port} is no port`);
  return [name, Number(port)];
}

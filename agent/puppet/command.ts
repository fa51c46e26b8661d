import { join } from 'node:path';
import { type PuppetPaths, puppetProgram } from './paths.ts';
import type { RunCommand } from './runs.ts';

/** How Puppet is to run once. What is left out, puppet.conf decides. */
export interface AgentRun {
  readonly environment?: string | undefined;
  readonly certname?: string | undefined;
  readonly server?: string | undefined;
  readonly port?: number | undefined;
  /** Deadline of the run in seconds: Puppet may wait for the lock of another run for at most half of it. */
  readonly timeoutS: number;
  /** Only resources with one of these tags, with commas. */
  readonly tags?: string | undefined;
  readonly skipTags?: string | undefined;
  /** Longest sleep before the run, in seconds. */
  readonly splayLimitS?: number | undefined;
  readonly flags?: AgentFlags | undefined;
}

/** What is switched on (`--x`) or off (`--no-x`). */
export interface AgentFlags {
  readonly noop?: boolean | undefined;
  readonly splay?: boolean | undefined;
  readonly use_cached_catalog?: boolean | undefined;
  readonly ignoreschedules?: boolean | undefined;
}

const LOCK_POLL_S = 10;
const MAX_LOCK_WAIT_S = 300;

/**
 * Program and arguments of one Puppet run; every value is one argument. Throws PUPPET_MISSING.
 * `--waitforcert 0`: by default Puppet waits for ever. `--no-usecacheonfailure`: without it an unreachable master looks
 * like a good run of an old catalog. `--report`: with `report = false` in puppet.conf no run leaves what its verdict is made
 * of. *Source:* puppet agent 7.23, observed.
 */
export async function agentCommand(paths: PuppetPaths, run: AgentRun): Promise<RunCommand> {
  const lockWaitS = Math.min(MAX_LOCK_WAIT_S, Math.floor(run.timeoutS / 2));
  const flags = [
    '--onetime',
    '--no-daemonize',
    '--verbose',
    '--detailed-exitcodes',
    '--no-usecacheonfailure',
    '--report',
    '--color=false',
    ...switches(run.flags ?? {}),
  ];
  const values = {
    environment: run.environment,
    certname: run.certname,
    server: run.server,
    tags: run.tags,
    skip_tags: run.skipTags,
    splaylimit: run.splayLimitS === undefined ? undefined : String(run.splayLimitS),
    waitforcert: '0',
    waitforlock: String(LOCK_POLL_S),
    maxwaitforlock: String(lockWaitS),
    serverport: run.port === undefined ? undefined : String(run.port),
  };
  const options = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return {
    command: [await puppetProgram(paths), 'agent', ...flags, ...options, ...paths.options],
    reportPath: join(paths.stateDir, 'last_run_report.yaml'),
  };
}

function switches(flags: AgentFlags): string[] {
  return Object.entries(flags).flatMap(([name, on]: [string, boolean | undefined]) =>
    on === undefined ? [] : [`--${on ? '' : 'no-'}${name}`],
  );
}

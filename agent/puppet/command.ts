import { join } from 'node:path';
import { type PuppetPaths, puppetProgram } from './paths.ts';
import type { RunCommand } from './runs.ts';

/** How Puppet is to run once. */
export interface AgentRun {
  readonly environment: string;
  readonly certname: string;
  readonly server: string;
  readonly port: number;
  /** Deadline of the run in seconds: Puppet may wait for the lock of another run for at most half of it. */
  readonly timeoutS: number;
}

const LOCK_POLL_S = 10;
const MAX_LOCK_WAIT_S = 300;

/**
 * Program and arguments of one Puppet run; every value is one argument. Throws PUPPET_MISSING.
 * `--waitforcert 0`: by default Puppet waits for ever. `--no-usecacheonfailure`: without it an unreachable master looks
 * like a good run of an old catalog. *Source:* puppet agent 7.23, observed.
 */
export async function agentCommand(paths: PuppetPaths, run: AgentRun): Promise<RunCommand> {
  const lockWaitS = Math.min(MAX_LOCK_WAIT_S, Math.floor(run.timeoutS / 2));
  const flags = [
    '--onetime',
    '--no-daemonize',
    '--verbose',
    '--detailed-exitcodes',
    '--no-usecacheonfailure',
    '--color=false',
  ];
  const values = {
    environment: run.environment,
    certname: run.certname,
    server: run.server,
    waitforcert: '0',
    waitforlock: String(LOCK_POLL_S),
    maxwaitforlock: String(lockWaitS),
    ...(run.port === 8140 ? {} : { serverport: String(run.port) }),
  };
  const options = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  return {
    command: [await puppetProgram(paths), 'agent', ...flags, ...options, ...paths.options],
    reportPath: join(paths.stateDir, 'last_run_report.yaml'),
  };
}

import { MusterError } from '../../../src/core/errors.ts';
import { type Daemon, type DaemonOptions, startDaemon, waitReady } from '../daemon.ts';

/** How a service is at the moment. `died`: it ended though nobody asked. */
type ServiceState = 'starting' | 'running' | 'stopped' | 'died';

/** One service of the lab, which a test may stop and start again. */
export interface Service {
  readonly name: string;
  state(): ServiceState;
  /** Starts it and waits until it serves. Throws LAB_FAILED. */
  start(): Promise<void>;
  /** Stops it; with `graceS` 0 as if it had crashed. */
  stop(graceS?: number): Promise<void>;
}

/** A service that is a program of its own. */
export interface ProgramOptions extends DaemonOptions {
  /** True when it serves. */
  ready: () => Promise<boolean>;
  readyLimitS: number;
}

/** Makes a service of a program. `options` is asked at each start. */
export function programService(name: string, options: () => Promise<ProgramOptions>): Service {
  let daemon: Daemon | undefined;
  let state: ServiceState = 'stopped';
  const start = async () => {
    if (daemon !== undefined) throw new MusterError('CONFLICT', `${name} runs already`);
    const program = await options();
    const started = startDaemon(program);
    daemon = started;
    state = 'starting';
    void started.exited.then(() => {
      if (daemon !== started) return;
      daemon = undefined;
      state = 'died';
    });
    await waitReady(program, started, program.ready, program.readyLimitS);
    state = 'running';
  };
  const stop = async (graceS = 10) => {
    const stopped = daemon;
    daemon = undefined;
    state = 'stopped';
    await stopped?.stop(graceS);
  };
  return { name, state: () => state, start, stop };
}

/** Makes a service of a server inside the supervisor. `listen` gives the function that closes it. */
export function serverService(name: string, listen: () => Promise<() => Promise<void>>): Service {
  let close: (() => Promise<void>) | undefined;
  const start = async () => {
    if (close !== undefined) throw new MusterError('CONFLICT', `${name} runs already`);
    close = await listen();
  };
  const stop = async () => {
    const closing = close;
    close = undefined;
    await closing?.();
  };
  return { name, state: () => (close === undefined ? 'stopped' : 'running'), start, stop };
}

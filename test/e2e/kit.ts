import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LabClient, labClient } from '../../infra/lab/client.ts';
import type { CommandResult } from '../../infra/lab/process.ts';
import { labUp, type RunningLab } from '../../infra/lab/up.ts';
import type { RunRecord } from '../../src/core/record.ts';

const REPO = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(REPO, 'src/cli/main.ts');
const PATIENCE_S = 300;

/** How a command ended, as its caller sees it. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A lab for tests, and a person's commands on it. */
export interface TestLab {
  readonly lab: LabClient;
  /** Folder of the lab. */
  readonly stateDir: string;
  muster(...args: string[]): Promise<Ended>;
  /** A controller as a process of its own, with its log in a file. */
  startController(): TestController;
  /** Launches one instance through the command line; gives its id. */
  launch(region: string, ...more: string[]): Promise<string>;
  /** The newest run of an instance as soon as `fits` says so. Throws with the last state after five minutes. */
  run(instanceId: string, fits: (run: RunRecord) => boolean): Promise<RunRecord>;
  end(): Promise<void>;
}

/** A controller process. */
export interface TestController {
  readonly child: ChildProcess;
  readonly logFile: string;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

/** Runs one command line, as a person would. */
export function musterCommand(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = {
      cwd: REPO,
      env: { ...process.env, NO_COLOR: '1', ...env },
      maxBuffer: 64 * 1024 * 1024,
    };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
        stdout,
        stderr,
      });
    });
  });
}

/** Starts a lab below `.muster/` that ends with this process. */
export async function startTestLab(name: string): Promise<TestLab> {
  const stateDir = join(REPO, '.muster', name);
  const running = await labUp({ stateDir, attached: true });
  const controllers: TestController[] = [];
  const muster = (...args: string[]): Promise<Ended> =>
    musterCommand(args, { MUSTER_CONFIG: join(stateDir, 'muster.yaml') });
  await ok(muster('bundle', '--out', running.info.mirror.dir));
  return {
    lab: labClient(stateDir),
    stateDir,
    muster,
    startController: () => {
      const controller = controllerProcess(stateDir, controllers.length);
      controllers.push(controller);
      return controller;
    },
    launch: async (region, ...more) => {
      const { stdout } = await ok(
        muster('lab', 'launch', '--state-dir', stateDir, '--region', region, '--json', ...more),
      );
      const answer = JSON.parse(stdout) as { instances: { id: string }[] };
      return answer.instances[0]?.id ?? '';
    },
    run: (instanceId, fits) => waitForRun(muster, instanceId, fits),
    end: () => endLab(running, controllers),
  };
}

async function endLab(running: RunningLab, controllers: readonly TestController[]): Promise<void> {
  await Promise.all(controllers.map((controller) => controller.kill('SIGTERM')));
  await running.stop();
}

function controllerProcess(stateDir: string, number: number): TestController {
  const logFile = join(stateDir, 'log', `controller-${number}.log`);
  const child = spawn(process.execPath, [MAIN, 'controller', '--config', join(stateDir, 'muster.yaml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  void mkdir(dirname(logFile), { recursive: true }).then(() =>
    child.stderr?.pipe(createWriteStream(logFile)),
  );
  return {
    child,
    logFile,
    kill: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

async function waitForRun(
  muster: TestLab['muster'],
  instanceId: string,
  fits: (run: RunRecord) => boolean,
): Promise<RunRecord> {
  const untilMs = performance.now() + PATIENCE_S * 1000;
  let last = 'no run yet';
  for (;;) {
    const { code, stdout } = await muster('run', 'show', instanceId, '--json');
    if (code === 0) {
      const { run } = JSON.parse(stdout) as { run: RunRecord };
      if (fits(run)) return run;
      last = JSON.stringify(run, null, 2);
    }
    if (performance.now() > untilMs) throw new Error(`${instanceId} did not get there: ${last}`);
    await sleep(500);
  }
}

/** The command must have ended well. */
export async function ok<E extends Pick<CommandResult, 'code' | 'stderr'>>(command: Promise<E>): Promise<E> {
  const ended = await command;
  if (ended.code !== 0) throw new Error(`exit code ${ended.code}: ${ended.stderr}`);
  return ended;
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MUSTER = fileURLToPath(new URL('../../src/cli/muster', import.meta.url));

/** What a command said and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly wallMs: number;
}

/** A command that runs. */
export interface RunningMuster {
  /** All that it has printed on standard output so far. */
  stdout(): string;
  ended(): boolean;
  readonly end: Promise<Ended>;
}

/** Starts `muster`, as a shell does, with this config. */
export function runMuster(config: string, args: readonly string[]): RunningMuster {
  const startedMs = performance.now();
  const child = spawn(MUSTER, args, {
    env: { PATH: process.env.PATH, MUSTER_CONFIG: config },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, over] = ['', '', false];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const end = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      over = true;
      resolve({ code, stdout, stderr, wallMs: performance.now() - startedMs });
    });
  });
  return { stdout: () => stdout, ended: () => over, end };
}

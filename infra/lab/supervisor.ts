// Runs inside the lab's namespaces and starts everything in it. With its end the lab ends.
// usage: supervisor.ts STATE_DIR HOST_IP LAB_IP attached|detached; fd 3: lifeline, fd 4: progress.
import { Socket } from 'node:net';
import { asMusterError } from '../../src/core/errors.ts';
import { serveControl } from './control.ts';
import { startLab } from './lab.ts';
import { labPaths } from './layout.ts';
import { progressTo, secondsSince } from './progress.ts';

const LIFELINE_FD = 3;
const PROGRESS_FD = 4;

async function main(): Promise<void> {
  const [stateDir = '', , labAddress = '', mode] = process.argv.slice(2);
  const startedAtMs = performance.now();
  const paths = labPaths(stateDir);
  const progress = progressTo(PROGRESS_FD);
  process.on('SIGTERM', () => process.exit(0));
  if (mode === 'attached') endWithStarter();
  try {
    const lab = await startLab({ paths, labAddress }, progress);
    await serveControl(lab, paths.controlSocket, () => process.exit(0));
    progress.tell({ event: 'ready', seconds: secondsSince(startedAtMs) });
  } catch (error) {
    const { message, details } = asMusterError(error);
    progress.tell({ event: 'failed', what: 'lab', message, details });
    process.exit(1);
  }
}

/** The starter holds the other end and never writes: its end, however it comes, is the end of the lab. */
function endWithStarter(): void {
  const lifeline = new Socket({ fd: LIFELINE_FD, readable: true, writable: false });
  lifeline.on('error', () => process.exit(0));
  lifeline.on('close', () => process.exit(0));
  lifeline.resume();
}

await main();

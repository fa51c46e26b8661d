// Runs inside the lab's namespaces and starts everything in it. With its end the lab ends.
// usage: supervisor.ts STATE_DIR LAB_IP attached|detached with-masters|no-masters; fd 3: lifeline, fd 4: progress.
import { Socket } from 'node:net';
import { asMusterError } from '../../src/core/errors.ts';
import { serveControl } from './control.ts';
import { startLab } from './lab.ts';
import { labPaths } from './layout.ts';
import { FIRST_MASTERS } from './master-config.ts';
import { progressTo, secondsSince } from './progress.ts';

const LIFELINE_FD = 3;
const PROGRESS_FD = 4;

async function main(): Promise<void> {
  const [stateDir = '', labAddress = '', mode, masters] = process.argv.slice(2);
  const startedAtMs = performance.now();
  const paths = labPaths(stateDir);
  const firstMasters = masters === 'with-masters' ? FIRST_MASTERS : [];
  const progress = progressTo(PROGRESS_FD);
  process.on('SIGTERM', () => process.exit(0));
  const lifeline = endWithStarter();
  try {
    const lab = await startLab({ paths, labAddress, firstMasters }, progress);
    await serveControl(lab, paths.controlSocket, () => process.exit(0));
    if (mode === 'detached') lifeline.release();
    progress.tell({ event: 'ready', seconds: secondsSince(startedAtMs) });
  } catch (error) {
    const { message, details } = asMusterError(error);
    progress.tell({ event: 'failed', what: 'lab', message, details });
    process.exit(1);
  }
}

/**
 * The starter holds the other end and never writes: its end, however it comes, is the end of the lab. A detached lab is
 * released when it is ready, so that an interrupted start leaves none behind either.
 */
function endWithStarter(): { release(): void } {
  const lifeline = new Socket({ fd: LIFELINE_FD, readable: true, writable: false });
  const end = () => process.exit(0);
  lifeline.on('error', end);
  lifeline.on('close', end);
  lifeline.resume();
  const release = () => {
    lifeline.removeAllListeners('close');
    lifeline.destroy();
  };
  return { release };
}

await main();

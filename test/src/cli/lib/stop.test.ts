import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const STOP = fileURLToPath(new URL('../../../../src/cli/lib/stop.ts', import.meta.url));
const PROGRAM = `
const { stopSignal, stoppedBy } = await import(process.argv[1]);
stopSignal().addEventListener('abort', () => console.log('stopped by', stoppedBy()));
stopSignal();
setInterval(() => undefined, 1000);
console.log('ready', stoppedBy());
`;

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('the first %s only tells, the second ends the process at once with %i', async (signal, code) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, STOP], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const end = once(child, 'close');
  await expect.poll(() => said, { timeout: 30_000 }).toBe('ready null\n');
  child.kill(signal);
  await expect.poll(() => said, { timeout: 30_000 }).toBe(`ready null\nstopped by ${signal}\n`);
  expect(child.exitCode).toBeNull();
  child.kill(signal);
  expect(await end).toEqual([code, null]);
});

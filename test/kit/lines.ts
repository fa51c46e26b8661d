import { Writable } from 'node:stream';

/** A stream for a log, and what was logged so far: as it stands there, and each line read. */
export function linesOf() {
  let logged = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk);
      done();
    },
  });
  const lines = (): Record<string, unknown>[] =>
    logged
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { stream, text: () => logged, lines };
}

import type { Readable } from 'node:stream';

/** The lines of a stream as they come; ends with the stream, and drops a last line without a line end. */
export async function* readLines(stream: Readable): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

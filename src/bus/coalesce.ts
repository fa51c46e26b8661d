import { type Duplex, Writable } from 'node:stream';

/**
 * A writer that puts everything written within one turn of the event loop into one write of the socket. stompit writes
 * header, body and end of a frame one by one: three packets and three TLS records, and with Nagle's algorithm 40 ms.
 */
export function coalescingWriter(socket: Duplex): Writable {
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  const writer = new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => {
      if (!corked) {
        corked = true;
        socket.cork();
        setImmediate(uncork);
      }
      if (socket.write(chunk)) return done();
      // Wait for the socket, or for its end: without the latter the last frame would never be called back.
      const go = () => {
        socket.off('drain', go).off('close', go);
        done(socket.destroyed ? new Error('the connection is closed') : null);
      };
      socket.on('drain', go).on('close', go);
    },
  });
  writer.on('error', () => undefined);
  socket.once('close', () => writer.destroy());
  return writer;
}

/** The parts of stompit 1.0.0 that src/bus/stomp.ts uses; the package carries no types and those of DefinitelyTyped lack some. */
declare module 'stompit' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex, Readable, Transform, Writable } from 'node:stream';

  export type Headers = Record<string, string | number | undefined>;
  export type Handler = (frame: IncomingFrame, beforeSendResponse: () => void) => void;

  export interface IncomingFrame extends Readable {
    readonly command: string;
    readonly headers: Record<string, string | undefined>;
  }

  export interface OutgoingFrameStream {
    setVersion(version: string): boolean;
    frame(command: string, headers: Headers): Writable;
  }

  interface ClientOptions {
    readonly maxLineLength: number;
    readonly heartbeat?: [number, number];
    readonly heartbeatDelayMargin?: number;
    readonly heartbeatOutputMargin?: number;
    readonly outgoingFrameStream?: OutgoingFrameStream;
  }

  class Client extends EventEmitter {
    constructor(socket: Duplex, options: ClientOptions);
    readonly headers: Record<string, string | undefined> | undefined;
    connect(headers: Headers): void;
    setCommandHandlers(handlers: Record<string, Handler>): void;
    sendFrame(command: string, headers: Headers): Writable;
    destroy(error?: Error): void;
  }

  const stompit: {
    Client: typeof Client;
    IncomingFrameStream: new (options?: {
      maxLineLength?: number;
    }) => Transform & { setVersion(version: string): boolean };
    OutgoingFrameStream: new (destination: Writable) => OutgoingFrameStream;
  };
  export default stompit;
}

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import stompit, { type Handler, type Headers, type IncomingFrame } from 'stompit';
import { coalescingWriter } from './coalesce.ts';

const MAX_LINE_BYTES = 16_384;
const HEARTBEAT_MS = 10_000;
/** We beat a little earlier than promised, and forgive the broker one whole missing beat. */
const HEARTBEAT_LEAD_MS = 500;

/** Where the broker is and how to log in: by certificate (`tls.cert`, and then no `login`), or by user and password. */
export interface StompOptions {
  readonly host: string;
  readonly port: number;
  /** Sent as the `host` header, which RabbitMQ reads as the virtual host. */
  readonly vhost: string;
  readonly tls?: {
    readonly ca: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
  };
  readonly login?: { readonly user: string; readonly passcode: string };
  readonly heartbeatMs?: number;
}

/** Headers of a frame to be sent; those without a value are left out. */
export type StompHeaders = Headers;

/** A frame of the broker, read whole; `oversize` when its body was larger than allowed and was thrown away. */
export interface StompFrame {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly oversize: boolean;
}

/** What a connection tells. `error` comes at least once at its end, however it ends. */
export interface StompEvents {
  readonly maxBodyBytes: number;
  connected(version: string | undefined): void;
  message(frame: StompFrame): void;
  receipt(frame: StompFrame): void;
  /** The headers of an ERROR frame came; its body may never come, because the broker hangs up behind it. */
  refused(headers: StompFrame['headers'], whole: Promise<StompFrame>): void;
  error(cause: unknown): void;
}

/** The sending side of one connection. */
export interface StompLink {
  readonly destroyed: boolean;
  send(command: string, headers: StompHeaders, body?: Buffer): void;
  destroy(): void;
}

/** stompit's client with its handlers of MESSAGE, RECEIPT and ERROR replaced, whenever it sets them. */
class GuardedClient extends stompit.Client {
  guards: Record<string, Handler> = {};

  override setCommandHandlers(handlers: Record<string, Handler>): void {
    super.setCommandHandlers({ ...handlers, ...this.guards });
  }
}

/**
 * Opens one connection and says CONNECT. The only place that touches stompit: its handshake, heart-beat and frame codecs
 * are used; its receipts, subscriptions, error handling and reconnection are not, because they hang, leak or end the
 * process. *Source:* STOMP 1.2.
 */
export function openStomp(options: StompOptions, events: StompEvents): StompLink {
  const socket = openSocket(options);
  const beatMs = options.heartbeatMs ?? HEARTBEAT_MS;
  const client = new GuardedClient(socket, {
    maxLineLength: MAX_LINE_BYTES,
    heartbeat: [beatMs, beatMs],
    heartbeatDelayMargin: beatMs,
    heartbeatOutputMargin: Math.min(HEARTBEAT_LEAD_MS, beatMs / 2),
    outgoingFrameStream: new stompit.OutgoingFrameStream(coalescingWriter(socket)),
  });
  client.guards = {
    MESSAGE: (frame) => void collect(frame, events.maxBodyBytes).then(events.message),
    RECEIPT: (frame) => void collect(frame, 0).then(events.receipt),
    ERROR: (frame) => events.refused(frame.headers, collect(frame, 4096)),
  };
  // These stay for good: an error without a listener would end the process.
  client.on('error', (cause: unknown) => events.error(cause));
  socket.once('close', () => events.error(new Error('the connection was closed')));
  client.once('connect', () => events.connected(client.headers?.version));
  socket.once(options.tls ? 'secureConnect' : 'connect', () =>
    client.connect(connectHeaders(options, beatMs)),
  );
  return {
    get destroyed() {
      return socket.destroyed;
    },
    send: (command, headers, body = Buffer.alloc(0)) => {
      const length = command === 'SEND' ? { 'content-length': body.length } : {};
      const frame = client.sendFrame(command, { ...headers, ...length });
      if (body.length === 0) frame.end();
      else frame.end(body);
    },
    destroy: () => socket.destroy(),
  };
}

function openSocket({ host, port, tls }: StompOptions): Socket {
  // TLS has no server names for addresses; the certificate is compared with the address all the same.
  const servername = isIP(host) ? '' : host;
  const socket = tls
    ? connectTls({ host, port, minVersion: 'TLSv1.2', servername, ...tls })
    : connectTcp({ host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  return socket;
}

function connectHeaders({ vhost, login }: StompOptions, beatMs: number): StompHeaders {
  // With a certificate no login header may be sent: RabbitMQ lets the header win over the certificate.
  const credentials = login === undefined ? {} : { login: login.user, passcode: login.passcode };
  return { 'accept-version': '1.2', host: vhost, 'heart-beat': `${beatMs},${beatMs}`, ...credentials };
}

/** Reads a frame to its end, keeping at most `maxBytes`: a body that is not read stops everything behind it. */
function collect(frame: IncomingFrame, maxBytes: number): Promise<StompFrame> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  frame.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  });
  const oversize = () => bytes > maxBytes;
  return new Promise((resolve) => {
    frame.once('end', () =>
      resolve({ headers: frame.headers, body: Buffer.concat(chunks), oversize: oversize() }),
    );
  });
}

import { createServer, type Server, type Socket } from 'node:net';
import stompit, { type IncomingFrame } from 'stompit';

/** One frame that a client sent. */
export interface ClientFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

interface Subscription {
  readonly id: string;
  readonly destination: string;
  readonly ack: string;
}

interface Connection {
  readonly socket: Socket;
  readonly subscriptions: Map<string, Subscription>;
}

/** Faults that can be switched on and off while the broker runs. */
export interface Faults {
  /** Takes connections and says nothing at all. */
  mute: boolean;
  /** Leaves out receipts. */
  noReceipts: boolean;
  /** Delivers every message twice. */
  duplicate: boolean;
  /** Waits this long before each frame that it sends, in ms. */
  slowMs: number;
  /** Puts a header of this many bytes into every message. */
  longHeaderBytes: number;
  /** What it promises and wants in CONNECTED. It never beats by itself. */
  heartbeat: string;
  /** Answers a frame with ERROR, as RabbitMQ does, and hangs up. */
  error: (frame: ClientFrame) => { message: string; body: string } | null;
}

/** A STOMP broker inside the process, for faults that RabbitMQ does not make on command. Plain TCP, no permissions. */
export interface MiniBroker {
  readonly port: number;
  readonly faults: Faults;
  /** All frames that came, of all connections. */
  readonly frames: ClientFrame[];
  /** Connections that were ever made. */
  readonly connections: number;
  /** Sends raw bytes to every client. */
  say(text: string): void;
  /** Puts a message on the wire as if somebody had sent it. */
  deliver(destination: string, body: Buffer): void;
  /** Cuts all connections: politely (FIN) or not (RST). */
  drop(how?: 'fin' | 'rst'): void;
  stop(): Promise<void>;
}

/** Starts one on a free port of the loopback. */
export async function startMiniBroker(): Promise<MiniBroker> {
  const broker = new Mini();
  await broker.listen();
  return broker;
}

class Mini implements MiniBroker {
  readonly frames: ClientFrame[] = [];
  readonly faults: Faults = {
    mute: false,
    noReceipts: false,
    duplicate: false,
    slowMs: 0,
    longHeaderBytes: 0,
    heartbeat: '0,0',
    error: () => null,
  };
  readonly #server: Server = createServer((socket) => this.#accept(socket));
  readonly #open = new Set<Connection>();
  connections = 0;
  #nextMessage = 1;

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  say(text: string): void {
    for (const { socket } of this.#open) socket.write(text);
  }

  drop(how: 'fin' | 'rst' = 'rst'): void {
    for (const { socket } of this.#open) how === 'fin' ? socket.end() : socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  deliver(destination: string, body: Buffer): void {
    for (const connection of this.#open)
      for (const subscription of connection.subscriptions.values())
        if (matches(subscription.destination, destination))
          this.#message(connection, subscription, destination, body);
  }

  #message(connection: Connection, subscription: Subscription, destination: string, body: Buffer): void {
    const id = String(this.#nextMessage++);
    const ack = subscription.ack === 'auto' ? {} : { ack: `a${id}` };
    const long = this.faults.longHeaderBytes > 0 ? { 'x-long': 'x'.repeat(this.faults.longHeaderBytes) } : {};
    const headers = { subscription: subscription.id, destination, 'message-id': id, ...ack, ...long };
    this.#send(connection, 'MESSAGE', headers, body);
    if (this.faults.duplicate) this.#send(connection, 'MESSAGE', headers, body);
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    const connection: Connection = { socket, subscriptions: new Map() };
    this.#open.add(connection);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(connection));
    const incoming = new stompit.IncomingFrameStream({ maxLineLength: 65_536 });
    incoming.setVersion('1.2');
    incoming.on('error', () => socket.destroy());
    incoming.on('data', (frame: IncomingFrame) => {
      const chunks: Buffer[] = [];
      frame.on('data', (chunk: Buffer) => chunks.push(chunk));
      frame.on('end', () => {
        const whole = { command: frame.command, headers: frame.headers, body: Buffer.concat(chunks) };
        this.#received(connection, whole);
      });
    });
    socket.pipe(incoming);
  }

  #received(connection: Connection, frame: ClientFrame): void {
    this.frames.push(frame);
    if (this.faults.mute) return;
    const error = this.faults.error(frame);
    if (error !== null) {
      this.#send(
        connection,
        'ERROR',
        { message: error.message, 'content-type': 'text/plain' },
        Buffer.from(error.body),
      );
      connection.socket.end();
      connection.subscriptions.clear();
      return;
    }
    this.#act(connection, frame);
    const { receipt } = frame.headers;
    if (receipt !== undefined && !this.faults.noReceipts)
      this.#send(connection, 'RECEIPT', { 'receipt-id': receipt });
  }

  #act(connection: Connection, { command, headers, body }: ClientFrame): void {
    const { id = '', destination = '', ack = 'auto' } = headers;
    if (command === 'CONNECT')
      this.#send(connection, 'CONNECTED', { version: '1.2', 'heart-beat': this.faults.heartbeat });
    if (command === 'SUBSCRIBE') connection.subscriptions.set(id, { id, destination, ack });
    if (command === 'UNSUBSCRIBE') connection.subscriptions.delete(id);
    if (command === 'SEND') this.deliver(destination, body);
  }

  #send(
    { socket }: Connection,
    command: string,
    headers: Record<string, string>,
    body: Buffer = Buffer.alloc(0),
  ): void {
    const lines = Object.entries(headers).map(([key, value]) => `${key}:${value.replaceAll(':', '\\c')}\n`);
    const head = `${command}\n${lines.join('')}content-length:${body.length}\n\n`;
    const bytes = Buffer.concat([Buffer.from(head), body, Buffer.from('\0\n')]);
    if (this.faults.slowMs > 0) setTimeout(() => socket.write(bytes), this.faults.slowMs);
    else socket.write(bytes);
  }
}

/** Topic matching of exact keys and of patterns that end in `.#`. */
function matches(pattern: string, destination: string): boolean {
  const decoded = decodeURIComponent(pattern);
  return decoded.endsWith('.#') ? destination.startsWith(decoded.slice(0, -1)) : decoded === destination;
}

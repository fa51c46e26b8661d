// The part of @xmpp/client 0.14 that is used here; the package has no types of its own.
declare module '@xmpp/client' {
  import type { EventEmitter } from 'node:events';

  /** One XML element. */
  export interface Element {
    readonly name: string;
    readonly attrs: Readonly<Record<string, string | undefined>>;
    getChild(name: string, xmlns?: string): Element | undefined;
    getChildren(name: string, xmlns?: string): Element[];
    getChildElements(): Element[];
    remove(name: string, xmlns: string): void;
    getChildText(name: string, xmlns?: string): string | null;
  }

  /** Where a transport connects to; goes to node:net or node:tls as it is. */
  export interface SocketParameters {
    readonly host?: string;
    readonly port?: number | null;
    readonly socket?: object;
    readonly [option: string]: unknown;
  }

  /** A plain TCP socket, or the package's wrapper around a TLS socket. */
  export interface StreamSocket {
    destroy?(): void;
    setNoDelay?(on: boolean): void;
    readonly socket?: { destroy(): void } | null;
    connect(parameters: SocketParameters): void;
  }

  /** One way to connect: TCP, TLS, WebSocket. */
  export interface Transport {
    readonly prototype: {
      readonly Socket: { readonly prototype: StreamSocket };
      socketParameters(service: string): SocketParameters | undefined;
    };
  }

  type Authenticate = (
    credentials: { username: string; password: string },
    mechanism: string | undefined,
  ) => Promise<void>;

  /** One stream to one server. */
  export interface Client extends EventEmitter {
    readonly status: string;
    /** Longest wait for one step of opening or closing, in ms. */
    timeout: number;
    readonly socket: StreamSocket | null;
    readonly transports: readonly Transport[];
    readonly reconnect: { stop(): void };
    socketParameters(service: string): SocketParameters | undefined;
    isSecure(): boolean;
    connect(service: string): Promise<void>;
    open(options: { domain: string }): Promise<void>;
    disconnect(): Promise<void>;
    send(stanza: Element): Promise<void>;
  }

  export function client(options: {
    service: string;
    domain: string;
    username: string;
    timeout: number;
    credentials: (
      authenticate: Authenticate,
      mechanisms: readonly string[],
      fast: unknown,
      entity: Client,
    ) => Promise<void>;
  }): Client;

  export function xml(
    name: string,
    attributes: Record<string, string | undefined>,
    ...children: (Element | string)[]
  ): Element;
}

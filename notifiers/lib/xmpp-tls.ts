import type { Client, SocketParameters, StreamSocket } from '@xmpp/client';

/** What the stream's TLS is verified against. */
export interface StreamTls {
  /** Name in the server's certificate: the XMPP domain, whatever host it runs on. */
  readonly servername: string;
  /** PEM of a private CA; without it, Node's own list. */
  readonly ca: string | undefined;
}

/** TLS settings of plain sockets that may be upgraded by STARTTLS. */
const startTls = new WeakMap<object, SocketParameters>();
const taught = new WeakSet<StreamSocket>();

/**
 * Gives one client its TLS settings, for which @xmpp/client 0.14 has no option. Direct TLS (xmpps://): they are added to
 * the parameters of this client's socket. STARTTLS (xmpp://): the package builds that socket out of reach, so its class
 * learns, once, to look up the settings of the plain socket that it is put on; other clients' sockets are not changed.
 */
export function useTls(client: Client, tls: StreamTls): void {
  const settings: SocketParameters = {
    servername: tls.servername,
    minVersion: 'TLSv1.2',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  };
  const parametersOf = client.socketParameters.bind(client);
  client.socketParameters = (service) => {
    const parameters = parametersOf(service);
    // Message and ping are two small writes: with Nagle's algorithm the second would wait 40 ms for the first.
    return parameters && { ...parameters, ...settings, noDelay: true };
  };
  client.on('connect', () => {
    if (client.socket === null) return;
    client.socket.setNoDelay?.(true);
    startTls.set(client.socket, settings);
  });
  for (const transport of client.transports) {
    if (transport.prototype.socketParameters('xmpps://localhost') !== undefined) {
      teach(transport.prototype.Socket.prototype);
    }
  }
}

function teach(socketClass: StreamSocket): void {
  if (taught.has(socketClass)) return;
  taught.add(socketClass);
  const connect = socketClass.connect;
  socketClass.connect = function connectWithSettings(this: StreamSocket, parameters: SocketParameters): void {
    const settings = parameters.socket === undefined ? undefined : startTls.get(parameters.socket);
    connect.call(this, { ...parameters, ...settings });
  };
}

import { MusterError } from '../core/errors.ts';

/** Where a message goes or comes from: a key of a topic exchange, or a queue that exists. */
export type Destination = { readonly exchange: string; readonly key: string } | { readonly queue: string };

/** AMQP's limit for routing keys and names. */
const MAX_NAME_BYTES = 255;
const NAME = /^[A-Za-z0-9._*#-]+$/;

/**
 * The STOMP destination. Throws BROKER_REFUSED for a name that the broker would refuse or read otherwise.
 * *Source:* RabbitMQ STOMP plug-in, destinations `/exchange` and `/amq/queue`.
 */
export function stompDestination(destination: Destination): string {
  if ('queue' in destination) return `/amq/queue/${checked(destination.queue)}`;
  return `/exchange/${checked(destination.exchange)}/${checked(destination.key)}`;
}

function checked(name: string): string {
  if (!NAME.test(name))
    throw new MusterError('BROKER_REFUSED', `no name for a broker: ${JSON.stringify(name)}`);
  if (name.length > MAX_NAME_BYTES)
    throw new MusterError(
      'BROKER_REFUSED',
      `a name of ${name.length} bytes, the broker takes ${MAX_NAME_BYTES}`,
    );
  return name;
}

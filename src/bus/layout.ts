import { asMusterError, MusterError } from '../core/errors.ts';
import { brokerNames } from '../core/names.ts';
import type { AdminCall } from './admin-api.ts';
import { EVENT_QUEUE, HELLO_QUEUE, SUBSCRIPTION_POLICY } from './limits.ts';

/** Whose layout it is, and who makes it. */
interface Place {
  readonly vhost: string;
  /** The login of the management API. */
  readonly user: string;
}

/**
 * Makes virtual host, exchanges, queues, bindings and policy; what is there already stays. RabbitMQ changes neither the type
 * of an exchange nor the limits of a queue: an empty queue that nobody reads is made anew, for anything else it throws
 * CONFLICT that says what to do.
 */
export async function layOut(call: AdminCall, place: Place, collectives: readonly string[]): Promise<void> {
  const { vhost, user } = place;
  await call('PUT', ['vhosts', vhost], {});
  await call('PUT', ['permissions', vhost, user], { configure: '.*', write: '.*', read: '.*' });
  const { helloExchange, eventExchange, requestExchange, replyExchange } = brokerNames;
  const exchanges = [
    helloExchange,
    eventExchange,
    ...collectives.flatMap((name) => [requestExchange(name), replyExchange(name)]),
  ];
  for (const exchange of exchanges) await putExchange(call, vhost, exchange);
  const { helloQueue, eventQueue, helloKey } = brokerNames;
  await putQueue(call, vhost, helloQueue, HELLO_QUEUE);
  await call('POST', ['bindings', vhost, 'e', helloExchange, 'q', helloQueue], { routing_key: helloKey });
  await putQueue(call, vhost, eventQueue, EVENT_QUEUE);
  await call('POST', ['bindings', vhost, 'e', eventExchange, 'q', eventQueue], { routing_key: '#' });
  const { name, ...policy } = SUBSCRIPTION_POLICY;
  await call('PUT', ['policies', vhost, name], policy);
}

async function putExchange(call: AdminCall, vhost: string, name: string): Promise<void> {
  const found = await call('GET', ['exchanges', vhost, name]);
  if (typeof found === 'object' && found !== null && 'type' in found && found.type !== 'topic')
    throw new MusterError(
      'CONFLICT',
      `the exchange ${name} of ${vhost} is of type ${String(found.type)}, expected topic: delete it in RabbitMQ's management (everybody reconnects), then say it again`,
    );
  await call('PUT', ['exchanges', vhost, name], { type: 'topic', durable: true });
}

async function putQueue(
  call: AdminCall,
  vhost: string,
  name: string,
  wanted: Readonly<Record<string, unknown>>,
): Promise<void> {
  const found = await call('GET', ['queues', vhost, name]);
  if (found !== null && !sameArguments(found, wanted)) await removeIdle(call, vhost, name, wanted);
  await call('PUT', ['queues', vhost, name], { durable: true, arguments: wanted });
}

function sameArguments(queue: unknown, wanted: Readonly<Record<string, unknown>>): boolean {
  return sorted(argumentsOf(queue)) === sorted(wanted);
}

function argumentsOf(queue: unknown): object {
  const own = typeof queue === 'object' && queue !== null && 'arguments' in queue ? queue.arguments : null;
  return typeof own === 'object' && own !== null ? own : {};
}

function sorted(fields: object): string {
  return JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The broker itself looks whether it is idle, so that nothing is lost in between. */
async function removeIdle(
  call: AdminCall,
  vhost: string,
  name: string,
  wanted: Readonly<Record<string, unknown>>,
): Promise<void> {
  const idle = { 'if-empty': 'true', 'if-unused': 'true' };
  await call('DELETE', ['queues', vhost, name], undefined, idle).catch((thrown: unknown) => {
    const error = asMusterError(thrown);
    if (error.code !== 'BROKER_REFUSED') throw error;
    throw new MusterError(
      'CONFLICT',
      `the queue ${name} of ${vhost} has other limits than ${sorted(wanted)} and is in use or not empty: let the controllers empty it, stop them, then say it again; or, where what waits in it may be lost, run \`rabbitmqctl delete_queue -p ${vhost} ${name}\``,
      { cause: thrown },
    );
  });
}

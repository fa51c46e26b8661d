import { brokerNames } from '../core/names.ts';

/** Permissions of one broker user: regular expressions on names, and per topic exchange on routing keys. */
export interface Grant {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  readonly topics: readonly { readonly exchange: string; readonly write: string; readonly read: string }[];
}

/** Queues that RabbitMQ's STOMP plug-in makes for a subscription to an exchange. Their names hold 128 random bits. */
const OWN_QUEUES = 'stomp-subscription-.*';
const NOTHING = '^$';

/** Nodes that have no certificate yet: say hello, hear their own inbox (whose answer only they can decrypt). */
export function helloGrant(): Grant {
  const topics = [
    {
      exchange: brokerNames.helloExchange,
      write: exactly(brokerNames.helloKey),
      read: `^${escaped(brokerNames.inboxKey(''))}[0-9a-f]{64}$`,
    },
  ];
  return grant({ write: [brokerNames.helloExchange], read: [brokerNames.helloExchange], topics });
}

/**
 * A node: hear requests to all and to itself, answer as itself, tell events as itself. The identity is escaped into the
 * expression because RabbitMQ's `{username}` puts it in unescaped, and its dots would match anything.
 */
export function nodeGrant(identity: string, collectives: readonly string[]): Grant {
  const id = escaped(identity);
  const topics = collectives.flatMap((collective) => [
    {
      exchange: brokerNames.requestExchange(collective),
      write: NOTHING,
      read: `^(${brokerNames.allKey}|${escaped(brokerNames.nodeKey(identity))})$`,
    },
    {
      exchange: brokerNames.replyExchange(collective),
      write: `^op\\.[^.]+\\.[0-9a-f]{16}\\.${id}$`,
      read: NOTHING,
    },
  ]);
  return grant({
    write: [brokerNames.eventExchange, ...collectives.map(brokerNames.replyExchange)],
    read: collectives.map(brokerNames.requestExchange),
    topics: [
      ...topics,
      { exchange: brokerNames.eventExchange, write: exactly(brokerNames.eventKey(identity)), read: NOTHING },
    ],
  });
}

/** An operator: ask in these collectives, hear the answers to itself. */
export function operatorGrant(name: string, collectives: readonly string[]): Grant {
  return grant({
    write: collectives.map(brokerNames.requestExchange),
    read: collectives.map(brokerNames.replyExchange),
    topics: callerTopics(name, collectives),
  });
}

/** A controller: as an operator, and hear hellos and events, and answer hellos. */
export function controllerGrant(name: string, collectives: readonly string[]): Grant {
  const hello = {
    exchange: brokerNames.helloExchange,
    write: `^${escaped(brokerNames.inboxKey(''))}[0-9a-f]{64}$`,
    read: NOTHING,
  };
  return grant({
    write: [brokerNames.helloExchange, ...collectives.map(brokerNames.requestExchange)],
    read: [brokerNames.helloQueue, brokerNames.eventQueue, ...collectives.map(brokerNames.replyExchange)],
    topics: [...callerTopics(name, collectives), hello],
  });
}

function callerTopics(name: string, collectives: readonly string[]): Grant['topics'] {
  return collectives.flatMap((collective) => [
    { exchange: brokerNames.requestExchange(collective), write: '^(all|node\\..+)$', read: NOTHING },
    {
      exchange: brokerNames.replyExchange(collective),
      write: NOTHING,
      read: `^op\\.${escaped(name)}\\.[0-9a-f]{16}\\.#$`,
    },
  ]);
}

function grant(names: { write: readonly string[]; read: readonly string[]; topics: Grant['topics'] }): Grant {
  const pattern = (list: readonly string[]) => `^(${[...list.map(escaped), OWN_QUEUES].join('|')})$`;
  return {
    configure: pattern([]),
    write: pattern(names.write),
    read: pattern(names.read),
    topics: names.topics,
  };
}

function exactly(text: string): string {
  return `^${escaped(text)}$`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

import { z } from 'zod';

export { ROLES, type Role } from './role.ts';

/** A name of ours: agent, action, collective, group, step. */
export const word = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'lower case letters, digits, _ and -, beginning with a letter');

/** A node's unique name on the bus: lower case, as a Puppet certname. */
export const identityName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'lower case letters, digits, dots and dashes');

/**
 * Names on the broker, made at one place for both ends. RabbitMQ's topic permissions hold on topic exchanges only,
 * so every exchange here is one. *Source:* tried layout, MCollective peer notes section 5.
 */
export const brokerNames = {
  helloExchange: 'muster.hello',
  /** Not the name of its exchange: a permission on that would be one on the queue, and who may say hello could take others' away. */
  helloQueue: 'muster.hello.queue',
  helloKey: 'hello',
  /** Where an unprovisioned node hears its answer; `thumb` is the SHA-256, hex, of its bus public key. */
  inboxKey: (thumb: string) => `inbox.${thumb}`,
  eventExchange: 'muster.event',
  eventQueue: 'muster.event.queue',
  eventKey: (identity: string) => identity,
  requestExchange: (collective: string) => `${collective}.request`,
  replyExchange: (collective: string) => `${collective}.reply`,
  allKey: 'all',
  nodeKey: (identity: string) => `node.${identity}`,
  replyKey: (caller: string, session: string, identity: string) => `op.${caller}.${session}.${identity}`,
  replyPattern: (caller: string, session: string) => `op.${caller}.${session}.#`,
} as const;

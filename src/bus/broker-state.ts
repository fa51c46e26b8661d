import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type AdminCall, type AdminOptions, adminApi } from './admin-api.ts';

const OVERVIEW_TRIES = 24;
const OVERVIEW_AGAIN_MS = 500;

const Listener = z.object({ protocol: z.string(), ip_address: z.string(), port: z.number() });
const Overview = z.object({
  listeners: z.array(Listener),
  contexts: z
    .array(z.object({ port: z.union([z.string(), z.number()]), ip: z.string().optional() }))
    .default([]),
});
const User = z.object({
  name: z.string(),
  password_hash: z.string().default(''),
  tags: z
    .union([z.string(), z.array(z.string())])
    .transform((tags) => (Array.isArray(tags) ? tags : tags.split(','))),
});
const Permission = z.object({
  user: z.string(),
  vhost: z.string(),
  configure: z.string(),
  write: z.string(),
  read: z.string(),
});
const TopicPermission = z.object({
  user: z.string(),
  vhost: z.string(),
  exchange: z.string(),
  write: z.string(),
  read: z.string(),
});
const Exchange = z.object({ name: z.string(), type: z.string() });
const Queue = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  effective_policy_definition: z.record(z.string(), z.unknown()).nullish(),
});
const Policy = z.object({
  name: z.string(),
  pattern: z.string(),
  definition: z.record(z.string(), z.unknown()),
});
const UserLimit = z.object({ user: z.string(), value: z.record(z.string(), z.number()) });

/** How a broker stands, as its management API shows it. */
export interface BrokerState {
  readonly listeners: z.output<typeof Listener>[];
  readonly users: z.output<typeof User>[];
  readonly permissions: z.output<typeof Permission>[];
  readonly topics: z.output<typeof TopicPermission>[];
  /** null: there is no such virtual host. */
  readonly exchanges: z.output<typeof Exchange>[] | null;
  readonly queues: z.output<typeof Queue>[];
  readonly policies: z.output<typeof Policy>[];
  /** null: this RabbitMQ has none. */
  readonly limits: z.output<typeof UserLimit>[] | null;
}

/** Reads it. Throws BROKER_UNREACHABLE, BROKER_REFUSED. */
export async function readBrokerState(options: AdminOptions & { vhost: string }): Promise<BrokerState> {
  const call = adminApi(options);
  const { vhost } = options;
  const get = async <T>(schema: z.ZodType<T>, ...path: string[]): Promise<T[] | null> => {
    const answer = await call('GET', path);
    return answer === null ? null : z.array(schema).parse(answer);
  };
  const [overview, users, permissions, topics, exchanges, queues, policies, limits] = await Promise.all([
    readOverview(call),
    get(User, 'users'),
    get(Permission, 'permissions'),
    get(TopicPermission, 'topic-permissions'),
    get(Exchange, 'exchanges', vhost),
    get(Queue, 'queues', vhost),
    get(Policy, 'policies', vhost),
    get(UserLimit, 'user-limits'),
  ]);
  const { contexts, ...shown } = overview;
  // Of its own listener the management plug-in always says `::`; the address stands in its context.
  const listeners = shown.listeners.map((listener) => {
    const context = contexts.find(({ port, ip }) => Number(port) === listener.port && ip !== undefined);
    return { ...listener, ip_address: context?.ip ?? listener.ip_address };
  });
  return {
    ...{ listeners, exchanges, limits },
    users: users ?? [],
    permissions: permissions ?? [],
    topics: topics ?? [],
    queues: queues ?? [],
    policies: policies ?? [],
  };
}

/** A broker that has just started knows its contexts a few seconds later. */
async function readOverview(call: AdminCall): Promise<z.output<typeof Overview>> {
  for (let left = OVERVIEW_TRIES; ; left -= 1) {
    const overview = Overview.parse(await call('GET', ['overview']));
    if (overview.contexts.length > 0 || left <= 1) return overview;
    await sleep(OVERVIEW_AGAIN_MS);
  }
}

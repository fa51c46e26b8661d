/**
 * Limits of the queue of hellos; the oldest message goes first. Whoever was dropped says it again. A flood should be dropped
 * here: every hello that waits is one that a controller has to take in.
 */
export const HELLO_QUEUE = {
  'x-max-length': 3000,
  'x-max-length-bytes': 64 * 1024 * 1024,
  'x-message-ttl': 600_000,
  'x-overflow': 'drop-head',
} as const;
/** As {@link HELLO_QUEUE}, for what nodes tell. */
export const EVENT_QUEUE = {
  'x-max-length': 100_000,
  'x-message-ttl': 600_000,
  'x-overflow': 'drop-head',
} as const;

/**
 * Policy for all queues that subscriptions make: a reader that hangs must not fill the broker, and a queue that somebody
 * made to outlive its connection ends ten minutes after its last reader. Ours end with their connection.
 */
export const SUBSCRIPTION_POLICY = {
  name: 'muster-subscriptions',
  pattern: '^stomp-subscription-',
  'apply-to': 'queues',
  definition: {
    'max-length': 100_000,
    'max-length-bytes': 268_435_456,
    overflow: 'drop-head',
    expires: 600_000,
  },
} as const;

/** What one login may hold at a time. A node has one connection, two while its certificate changes, and dead ones until they are found out. */
export const USER_LIMITS = {
  muster_hello: { 'max-connections': 20_000, 'max-channels': 20_000 },
  muster_node: { 'max-connections': 8, 'max-channels': 32 },
} as const;

import { brokerNames } from '../core/names.ts';
import type { BrokerState } from './broker-state.ts';
import { SUBSCRIPTION_POLICY } from './limits.ts';
import { userFindings } from './user-check.ts';

/** `high`: a stranger can use it now. `medium`: it needs another hole first, or costs availability. `low`: tidy up. */
type Severity = 'high' | 'medium' | 'low';

/** Something that is open on the broker. */
export interface Finding {
  /** Fixed upper-case word, for programs. */
  readonly code: string;
  readonly severity: Severity;
  readonly what: string;
  readonly next: string;
}

/** Against what the broker is held. */
export interface BrokerWish {
  readonly vhost: string;
  readonly collectives: readonly string[];
  /** The login of the management API. */
  readonly managementUser: string;
  readonly helloUser: string;
}

const SETUP = 'run `muster broker setup`';
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const PLAIN: Readonly<Record<string, string>> = {
  amqp: 'set `listeners.tcp = none`',
  stomp: 'set `stomp.listeners.tcp = none` and `stomp.listeners.ssl.1`',
  http: 'set `management.tcp.ip = 127.0.0.1`, or `management.ssl.*`',
};

/** Everything that is open, worst first. Pure. */
export function checkBroker(state: BrokerState, wish: BrokerWish): Finding[] {
  const order: readonly Severity[] = ['high', 'medium', 'low'];
  return [
    ...state.listeners.flatMap(listenerFinding),
    ...userFindings(state, wish),
    ...exchangeFindings(state, wish),
    ...queueFindings(state),
  ].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function listenerFinding(listener: BrokerState['listeners'][number]): Finding[] {
  const { protocol, ip_address: address, port } = listener;
  const next = PLAIN[protocol] ?? `switch the plug-in that speaks ${protocol} off, or give it TLS`;
  const guarded = protocol.includes('ssl') || protocol.includes('https') || protocol === 'clustering';
  if (guarded || LOOPBACK.test(address)) return [];
  const code = protocol === 'http' ? 'MANAGEMENT_OPEN' : 'LISTENER_PLAIN';
  return [
    {
      code,
      severity: 'high',
      what: `${protocol} without TLS listens on ${address}:${port}`,
      next: `${next} in rabbitmq.conf`,
    },
  ];
}

function exchangeFindings({ exchanges }: BrokerState, { vhost, collectives }: BrokerWish): Finding[] {
  if (exchanges === null)
    return [
      { code: 'NOT_LAID_OUT', severity: 'medium', what: `there is no virtual host ${vhost}`, next: SETUP },
    ];
  const wanted = [
    ...[brokerNames.helloExchange, brokerNames.eventExchange],
    ...collectives.flatMap((name) => [brokerNames.requestExchange(name), brokerNames.replyExchange(name)]),
  ];
  return wanted.flatMap((name): Finding[] => {
    const found = exchanges.find((exchange) => exchange.name === name);
    if (found === undefined)
      return [
        { code: 'EXCHANGE_MISSING', severity: 'medium', what: `exchange ${name} is missing`, next: SETUP },
      ];
    if (found.type === 'topic') return [];
    return [
      {
        code: 'EXCHANGE_TYPE',
        severity: 'high',
        what: `exchange ${name} is of type ${found.type}: permissions on keys hold on topic exchanges only`,
        next: `delete it (everybody reconnects), then ${SETUP}`,
      },
    ];
  });
}

function queueFindings({ exchanges, queues, policies }: BrokerState): Finding[] {
  if (exchanges === null) return [];
  const findings: Finding[] = [];
  const { name: policy, pattern, definition } = SUBSCRIPTION_POLICY;
  const limits = Object.keys(definition);
  const limiting = policies.find(
    (one) => one.pattern === pattern && limits.every((limit) => limit in one.definition),
  );
  if (limiting === undefined)
    findings.push({
      code: 'QUEUE_UNLIMITED',
      severity: 'medium',
      what: `there is no policy ${policy} with ${limits.join(', ')}: a reader that hangs fills the broker`,
      next: SETUP,
    });
  for (const { name, arguments: own, effective_policy_definition: byPolicy } of queues) {
    if (new RegExp(pattern).test(name)) continue;
    const limited = ['max-length', 'max-length-bytes'].some(
      (key) => `x-${key}` in own || key in (byPolicy ?? {}),
    );
    if (!limited)
      findings.push({
        code: 'QUEUE_UNLIMITED',
        severity: 'medium',
        what: `queue ${name} may grow without limit`,
        next: `delete it if it is not ours; ours: delete it, then ${SETUP}`,
      });
  }
  for (const name of [brokerNames.helloQueue, brokerNames.eventQueue]) {
    if (!queues.some((queue) => queue.name === name))
      findings.push({
        code: 'QUEUE_MISSING',
        severity: 'medium',
        what: `queue ${name} is missing`,
        next: SETUP,
      });
  }
  return findings;
}

import type { Bus, BusSubscription, Delivery } from '../bus/bus.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { CLOCK, type HelloAnswer, MAX_HELLO_BYTES } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Sealer } from '../core/seal.ts';
import { looksEncrypted } from '../trust/compact.ts';
import { type OpenedHello, openHello, sealAnswer } from '../trust/hello.ts';
import type { KeyInput } from '../trust/keys.ts';
import { type AdmitDeps, admit, reasonOf } from './admit.ts';
import { createLane } from './hello-lane.ts';
import { createTally, type Tally } from './hello-tally.ts';

/** More than wait and are worked on, so that the flood is seen behind the first of it. At most 32 KB each. */
const PREFETCH = 1000;
const LIMITS = { waiting: 850, busy: 100 } as const;
const ANSWER_TTL_S = 300;
const ANSWER_DEADLINE_S = 10;
/** Wait before a hello that could not be dealt with now is given back to the queue. */
const LATER_MS = 2000;
/** A node that was refused asks again seldom: nothing changes by itself. */
const REFUSED_RETRY_S = 300;
/** What is over soon: EC2 comes to know a new instance, and a proof is made anew. */
const SOON_OVER: ReadonlySet<string> = new Set(['STS_STALE', 'INSTANCE_UNKNOWN']);
/** A node that sets its clock by the answer asks again at once; for any other, it is set soon after boot. */
const SOON_RETRY_S = 15;

/** What hearing hellos needs on top of admitting: the bus, and the keys to open and to sign. */
export interface HelloDeps extends AdmitDeps {
  readonly bus: Bus;
  readonly sealer: Sealer;
  /** The controller's key, and earlier ones while keys are changed. */
  readonly controllerKeyPem: KeyInput | readonly KeyInput[];
  readonly log: Log;
}

/**
 * Hears hellos, each once among all controllers. A hello is taken from the queue after its answer is with the broker; when
 * Redis, the broker's management or the CA fail, it stays. In a flood the newest are heard first and the oldest dropped,
 * and of the refusals only some are answered. Throws BROKER_REFUSED.
 */
export function consumeHellos(deps: HelloDeps): Promise<BusSubscription> {
  const tally = createTally(deps);
  const lane = createLane<{ body: Buffer; delivery: Delivery }>({
    work: async ({ body, delivery }) => {
      try {
        await hear(body, deps, tally);
        delivery.ack();
      } catch (thrown) {
        const error = asMusterError(thrown);
        deps.log.warn({ code: error.code, reason: error.message }, 'hello put off');
        setTimeout(() => delivery.nack({ requeue: true }), LATER_MS).unref();
      }
    },
    shed({ delivery }) {
      tally.count(
        'SHED',
        'too many hellos at a time: the oldest are dropped, and said again by who means it',
      );
      delivery.ack();
    },
    limits: LIMITS,
  });
  const arrived = (body: Buffer, delivery: Delivery) => {
    // What cannot be a hello does not wait for its turn.
    if (body.length <= MAX_HELLO_BYTES && looksEncrypted(body)) return lane.put({ body, delivery });
    tally.count(body.length > MAX_HELLO_BYTES ? 'SIZE' : 'FORMAT', `${body.length} bytes`);
    delivery.ack();
  };
  const options = { ack: 'each', prefetch: PREFETCH } as const;
  return deps.bus.subscribe({ queue: brokerNames.helloQueue }, arrived, options);
}

/** Deals with one hello to the end. Throws only what may be over soon: then nothing is half done that the same hello would not complete. */
export async function hear(body: Buffer, deps: HelloDeps, tally: Tally): Promise<void> {
  const opened = openOrCount(body, deps, tally);
  if (opened === null) return;
  const answer = await answerTo(opened, deps, tally);
  if (answer === null) return;
  const { thumb, hello } = opened;
  const bytes = sealAnswer(answer, { sealer: deps.sealer, busPublicKeyPem: hello.bus_public_key });
  const inbox = { exchange: brokerNames.helloExchange, key: brokerNames.inboxKey(thumb) };
  await deps.bus.publish(inbox, bytes, { ttlS: ANSWER_TTL_S, deadlineS: ANSWER_DEADLINE_S });
}

/** A hello that cannot be opened is not answered: there is nobody to answer to. */
function openOrCount(body: Buffer, deps: HelloDeps, tally: Tally): OpenedHello | null {
  try {
    return openHello(body, { controllerKeyPem: deps.controllerKeyPem, clock: deps.clock, anyAge: true });
  } catch (thrown) {
    const error = asMusterError(thrown);
    tally.count(reasonOf(error), error.message);
    return null;
  }
}

/** The answer; null when it would be one refusal too many. */
async function answerTo(opened: OpenedHello, deps: HelloDeps, tally: Tally): Promise<HelloAnswer | null> {
  const { nonce, instance_id: instance, group } = opened.hello;
  const stamp = () => ({
    ...({ v: 1, typ: 'hello_answer', ttl_s: ANSWER_TTL_S, nonce } as const),
    iat_ms: deps.clock.nowMs(),
  });
  try {
    const admission = await admit(opened, deps);
    deps.log.info({ run: admission.run, identity: admission.identity, group }, 'hello answered');
    return { ...stamp(), accepted: true, ...admission };
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== 'ATTESTATION_REFUSED') throw error;
    const reason = reasonOf(error);
    const answered = tally.mayAnswer();
    const fields = { reason, detail: error.message, instance, group, bus_key: opened.thumb };
    if (reason === 'CLAIM_TAKEN')
      deps.log.error({ ...fields, alarm: true }, 'another key asks for a claimed instance');
    else if (answered) deps.log.warn(fields, 'hello refused');
    tally.count(reason, error.message, instance);
    if (!answered) return null;
    // Why it was refused stands in the log: a stranger learns nothing from the answer. The time is no secret.
    const late = reason === CLOCK;
    const retry_in_s = late || SOON_OVER.has(reason) ? SOON_RETRY_S : REFUSED_RETRY_S;
    return { ...stamp(), accepted: false, reason: late ? CLOCK : 'REFUSED', retry_in_s };
  }
}

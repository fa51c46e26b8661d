import type { Bus, BusSubscription, Delivery } from '../bus/bus.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type HelloAnswer, MAX_HELLO_BYTES } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Sealer } from '../core/seal.ts';
import { type OpenedHello, openHello, sealAnswer } from '../trust/hello.ts';
import type { KeyInput } from '../trust/keys.ts';
import { type AdmitDeps, admit, reasonOf } from './admit.ts';

const PREFETCH = 50;
const ANSWER_TTL_S = 300;
const ANSWER_DEADLINE_S = 10;
/** Wait before a hello that could not be dealt with now is given back to the queue. */
const LATER_MS = 2000;
/** A node that was refused asks again seldom: nothing changes by itself. */
const REFUSED_RETRY_S = 300;
/** A clock is set soon after boot. */
const STALE_RETRY_S = 15;

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
 * Redis, the broker's management or the CA fail, it stays. Throws BROKER_REFUSED.
 */
export function consumeHellos(deps: HelloDeps): Promise<BusSubscription> {
  const arrived = async (body: Buffer, delivery: Delivery) => {
    try {
      await hear(body, deps);
      delivery.ack();
    } catch (thrown) {
      const error = asMusterError(thrown);
      deps.log.warn({ code: error.code, reason: error.message }, 'hello put off');
      setTimeout(() => delivery.nack({ requeue: true }), LATER_MS).unref();
    }
  };
  const options = { ack: 'each', prefetch: PREFETCH } as const;
  return deps.bus.subscribe(
    { queue: brokerNames.helloQueue },
    (body, delivery) => void arrived(body, delivery),
    options,
  );
}

/** Deals with one hello to the end. Throws only what may be over soon: then nothing is half done that the same hello would not complete. */
export async function hear(body: Buffer, deps: HelloDeps): Promise<void> {
  const opened = await openOrCount(body, deps);
  if (opened === null) return;
  const answer = await answerTo(opened, deps);
  const { thumb, hello } = opened;
  const bytes = sealAnswer(answer, { sealer: deps.sealer, busPublicKeyPem: hello.bus_public_key });
  const inbox = { exchange: brokerNames.helloExchange, key: brokerNames.inboxKey(thumb) };
  await deps.bus.publish(inbox, bytes, { ttlS: ANSWER_TTL_S, deadlineS: ANSWER_DEADLINE_S });
}

/** A hello that cannot be opened is not answered: there is nobody to answer to. */
async function openOrCount(body: Buffer, deps: HelloDeps): Promise<OpenedHello | null> {
  try {
    if (body.length > MAX_HELLO_BYTES)
      throw new MusterError('SECURITY_REJECTED', `SIZE: ${body.length} bytes`);
    return openHello(body, { controllerKeyPem: deps.controllerKeyPem, clock: deps.clock });
  } catch (thrown) {
    const error = asMusterError(thrown);
    await deps.claims.refused(reasonOf(error));
    deps.log.warn({ reason: reasonOf(error), detail: error.message }, 'hello refused');
    return null;
  }
}

async function answerTo(opened: OpenedHello, deps: HelloDeps): Promise<HelloAnswer> {
  const { nonce, instance_id: instance, group } = opened.hello;
  const common = {
    v: 1,
    typ: 'hello_answer',
    iat_ms: deps.clock.nowMs(),
    ttl_s: ANSWER_TTL_S,
    nonce,
  } as const;
  try {
    const admission = await admit(opened, deps);
    deps.log.info({ run: admission.run, identity: admission.identity, group }, 'hello answered');
    return { ...common, accepted: true, ...admission };
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== 'ATTESTATION_REFUSED') throw error;
    const reason = reasonOf(error);
    await deps.claims.refused(reason);
    const fields = { reason, detail: error.message, instance, group, bus_key: opened.thumb };
    if (reason === 'CLAIM_TAKEN')
      deps.log.error({ ...fields, alarm: true }, 'another key asks for a claimed instance');
    else deps.log.warn(fields, 'hello refused');
    // Why it was refused stands in the log: a stranger learns nothing from the answer.
    const retry_in_s = reason === 'STALE' ? STALE_RETRY_S : REFUSED_RETRY_S;
    return { ...common, accepted: false, reason: 'REFUSED', retry_in_s };
  }
}

import { randomBytes } from 'node:crypto';
import type { Bus } from '../src/bus/bus.ts';
import { backoffMs } from '../src/core/backoff.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { CLOCK, type Hello, type HelloAnswer } from '../src/core/messages.ts';
import { brokerNames } from '../src/core/names.ts';
import type { Opener } from '../src/core/seal.ts';
import { openAnswer, sealHello } from '../src/trust/hello.ts';
import type { NodeClock } from './clock.ts';
import { Mailbox } from './mailbox.ts';

/** What the node says of itself, without the parts that make each hello unique. */
export type HelloContent = Omit<Hello, 'v' | 'typ' | 'iat_ms' | 'ttl_s' | 'nonce'>;

/** The controller's yes. */
export type Acceptance = Extract<HelloAnswer, { accepted: true }>;

/** What saying hello needs. */
export interface HelloOptions {
  /** Logged in as `hello`, which may speak to the hello queue and hear its own inbox alone. */
  readonly bus: Bus;
  readonly opener: Opener;
  readonly busKeyPem: string;
  /** SHA-256, hex, of the bus key: names the inbox. */
  readonly thumb: string;
  /** PEM certificates of controllers; each hello is for the next one in turn. */
  readonly controllerPems: readonly string[];
  /** Asked again for each hello, whose nonce and time it may have to cover. */
  readonly content: (nonce: string, nowMs: number) => Promise<HelloContent>;
  /** Seconds. */
  readonly backoff: { readonly baseS: number; readonly capS: number };
  readonly clock: NodeClock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const HELLO_TTL_S = 120;
const PUBLISH_DEADLINE_S = 10;
/** An answer may be to any of the last hellos. */
const REMEMBERED_NONCES = 8;
/** The time in an answer is as old as the way of hello and answer took; one that took longer is not gone by. */
const CLOCK_ROUND_TRIP_MS = 10_000;

/**
 * Says hello, with jittered back-off, until a controller accepts the node; a refusal is waited out for as long as it
 * says. A node whose clock is wrong is told the time, corrects itself once, and says hello again at once. Throws the
 * reason of `signal`, NODE_IO.
 */
export async function sayHello(options: HelloOptions): Promise<Acceptance> {
  const said: Said[] = [];
  const answers = new Mailbox<Heard>();
  const inbox = { exchange: brokerNames.helloExchange, key: brokerNames.inboxKey(options.thumb) };
  const hear = (body: Buffer) => {
    const answer = readAnswer(body, said, options);
    if (answer !== null) answers.put(answer);
  };
  // Before the first word: an answer that nobody listens for is lost.
  const subscription = await options.bus.subscribe(inbox, hear, {
    ack: 'auto',
    keepTrying: true,
    signal: options.signal,
  });
  try {
    for (let attempt = 0; ; attempt += 1) {
      await options.bus.ready({ signal: options.signal });
      await speak(options, said, attempt);
      const accepted = await acceptance(options, answers, attempt);
      if (accepted !== null) return accepted;
    }
  } finally {
    await subscription.close().catch(() => undefined);
  }
}

async function speak(options: HelloOptions, said: Said[], attempt: number): Promise<void> {
  const { bus, clock, log, controllerPems } = options;
  const controllerCertPem = controllerPems[attempt % controllerPems.length] ?? '';
  const nonce = randomBytes(16).toString('hex');
  said.unshift({ nonce, atMs: clock.monotonicMs() });
  said.length = Math.min(said.length, REMEMBERED_NONCES);
  try {
    const stamp = { v: 1, typ: 'hello', iat_ms: clock.nowMs(), ttl_s: HELLO_TTL_S, nonce } as const;
    const sealed = sealHello(
      { ...stamp, ...(await options.content(nonce, stamp.iat_ms)) },
      { busKeyPem: options.busKeyPem, controllerCertPem },
    );
    const target = { exchange: brokerNames.helloExchange, key: brokerNames.helloKey };
    await bus.publish(target, sealed, { ttlS: HELLO_TTL_S, deadlineS: PUBLISH_DEADLINE_S });
    log.info({ attempt: attempt + 1, bytes: sealed.length }, 'hello said');
  } catch (cause) {
    log.warn({ attempt: attempt + 1, err: asMusterError(cause).message }, 'the hello could not be said');
  }
}

/** A hello that may still be answered. `atMs` is monotonic. */
interface Said {
  readonly nonce: string;
  readonly atMs: number;
}

/** An answer, and how long it was on its way since the hello was said, in ms. */
interface Heard {
  readonly answer: HelloAnswer;
  readonly tookMs: number;
}

/** Waits for an answer, then waits a refusal out; null: say hello again. */
async function acceptance(
  options: HelloOptions,
  answers: Mailbox<Heard>,
  attempt: number,
): Promise<Acceptance | null> {
  const { baseS, capS } = options.backoff;
  let waitMs = backoffMs(attempt, { baseMs: baseS * 1000, capMs: capS * 1000, floorMs: baseS * 500 });
  for (;;) {
    const startedMs = options.clock.monotonicMs();
    const heard = await answers.take(waitMs, options.signal);
    if (heard === null) return null;
    const { answer, tookMs } = heard;
    if (answer.accepted) return answer;
    const told = answer.reason === CLOCK && tookMs < CLOCK_ROUND_TRIP_MS;
    if (told && (await options.clock.correct(answer.iat_ms))) return null;
    options.log.warn(
      { reason: answer.reason, retry_in_s: answer.retry_in_s },
      'the controller refused this node',
    );
    const leftMs = waitMs - (options.clock.monotonicMs() - startedMs);
    waitMs = Math.max(leftMs, answer.retry_in_s * 1000);
  }
}

function readAnswer(body: Buffer, said: readonly Said[], options: HelloOptions): Heard | null {
  let why = 'no hello was said yet';
  for (const { nonce, atMs } of said) {
    try {
      const own = { busKeyPem: options.busKeyPem, opener: options.opener, nonce, clock: options.clock };
      return { answer: openAnswer(body, own), tookMs: options.clock.monotonicMs() - atMs };
    } catch (cause) {
      why = asMusterError(cause).message;
    }
  }
  options.log.warn({ why }, 'an answer was dropped');
  return null;
}

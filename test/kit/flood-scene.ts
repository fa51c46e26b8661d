import type { Bus } from '../../src/bus/bus.ts';
import { createClaims } from '../../src/controller/claims.ts';
import { consumeHellos, type HelloDeps } from '../../src/controller/hello.ts';
import { createJoinTokens } from '../../src/controller/join-tokens.ts';
import { openRuns } from '../../src/controller/runs.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { brokerNames } from '../../src/core/names.ts';
import token from '../../src/trust/attestors/token.ts';
import { rsaPrivateKey, spkiSha256OfKey } from '../../src/trust/keys.ts';
import { startBroker } from './broker.ts';
import { type JunkKind, junkMaker, pourJunk, startFlood } from './flood.ts';
import { controllerAudit } from './operations.ts';
import { testPki } from './pki.ts';
import { startRedis } from './redis.ts';
import { testConfig } from './run-fakes.ts';
import { createSayer, type HelloSayer, TOKEN } from './run-hello.ts';

/** A daemon that is not answered says hello again; this is shorter than its first wait. */
const AGAIN_MS = 2000;
/** Honest nodes come so far apart. */
const JOIN_EACH_MS = 2000;
/** Pieces of junk that are made before, and sent in turn: making them must not be what is measured. */
const POOL = 300;

/** A real RabbitMQ and Redis with a controller's ear, an attacker who holds user data, and honest nodes. */
export interface FloodScene {
  /** Milliseconds from an honest hello to its answer in the node's hand. */
  honestMs(): Promise<number>;
  /** The same, said behind `count` pieces of junk that all wait in the queue when the controller begins to listen. */
  behindJunkMs(kind: JunkKind, count: number): Promise<number>;
  /**
   * Pours junk at this rate while `joining` honest nodes say hello, one after the other; each says it again after
   * two seconds without an answer, as the daemon does. Gives the delay of each, and the rate that was reached.
   */
  amidJunk(
    kind: JunkKind,
    perS: number,
    joining: number,
  ): Promise<{ delaysMs: readonly number[]; perS: number }>;
  /** Resolves when the queue is empty and nothing was refused for a second and a half. */
  quiet(): Promise<void>;
  /** How often an attestor was asked, which is what may cost a call of AWS. */
  attested(): number;
  /** Refused hellos by reason. */
  refusals(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts the scene. */
export async function startFloodScene(): Promise<FloodScene> {
  const [pki, redis] = await Promise.all([testPki(), startRedis()]);
  const broker = await startBroker({ collectives: ['provisioning'], controllers: ['ctl'] });
  const ctl = await pki.holder('ctl', 'controller');
  const [ears, attackerBus, nodeBus] = await Promise.all([
    broker.busOf('ctl', 'controller'),
    broker.helloBus(),
    broker.helloBus(),
  ]);
  const attacker = await createSayer('i-666');
  const door = await redis.door();
  const runs = openRuns(door, { keepDays: 1, log: silentLog });
  let attested = 0;
  const plugin = {
    ...token,
    attest: (...given: Parameters<typeof token.attest>) => {
      attested += 1;
      return token.attest(...given);
    },
  };
  const deps: HelloDeps = {
    ...{ bus: ears, sealer: ctl.sealer, log: silentLog, clock: systemClock },
    // As the controller has it: read once.
    controllerKeyPem: rsaPrivateKey(ctl.keyPem),
    ...{ ca: pki.ca, runs, claims: createClaims(door), grant: async () => undefined },
    config: testConfig({ groups: { web: {} } }),
    operations: controllerAudit(door).operations,
    reserved: async () => false,
    quarantine: async () => ({ reason: 'CLAIM_TAKEN', id: 'q1' }),
    tokens: createJoinTokens(door),
    attestors: new Map([['web', { plugin, options: token.options.parse({ token: TOKEN }) }]]),
  };
  let listening = await consumeHellos(deps);
  let nodes = 0;
  const poolOf = async (kind: JunkKind) => {
    const make = await junkMaker(kind, attacker, ctl.certificatePem);
    return Promise.all(Array.from({ length: POOL }, make));
  };
  const newNode = () => createSayer(`i-${++nodes}`);
  return {
    honestMs: async () => said(nodeBus, await newNode(), ctl.certificatePem),
    async behindJunkMs(kind, count) {
      await listening.close();
      await pourJunk(attackerBus, await poolOf(kind), count);
      const node = await newNode();
      return said(nodeBus, node, ctl.certificatePem, async () => {
        listening = await consumeHellos(deps);
      });
    },
    async amidJunk(kind, perS, joining) {
      const flood = startFlood(attackerBus, await poolOf(kind), perS);
      const delaysMs: number[] = [];
      for (const beginMs = performance.now(); delaysMs.length < joining; ) {
        const nextMs = beginMs + (delaysMs.length + 1) * JOIN_EACH_MS;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
        delaysMs.push(await said(nodeBus, await newNode(), ctl.certificatePem));
      }
      return { delaysMs, perS: await flood.stop() };
    },
    async quiet() {
      for (let [before, now] = ['', '-']; before !== now; ) {
        before = now;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        now = JSON.stringify(await deps.claims.refusals());
      }
    },
    attested: () => attested,
    refusals: () => deps.claims.refusals(),
    async stop() {
      await Promise.all([ears.close(), attackerBus.close(), nodeBus.close()]);
      await runs.close();
      await Promise.all([broker.stop(), redis.stop()]);
    },
  };
}

/** Says one hello, lets `then` happen, and waits for the yes; says it again when nobody answers. */
async function said(
  bus: Bus,
  node: HelloSayer,
  controllerCertPem: string,
  then: () => Promise<void> = async () => undefined,
): Promise<number> {
  const { bytes, nonce } = await node.hello(controllerCertPem);
  const answer = Promise.withResolvers<Buffer>();
  const key = brokerNames.inboxKey(spkiSha256OfKey(node.busPublicKeyPem));
  const inbox = { exchange: brokerNames.helloExchange, key };
  const subscription = await bus.subscribe(inbox, (body) => answer.resolve(body), { ack: 'auto' });
  const startedMs = performance.now();
  const target = { exchange: brokerNames.helloExchange, key: brokerNames.helloKey };
  const say = () => bus.publish(target, bytes, { ttlS: 120, deadlineS: 10 });
  await say();
  await then();
  const again = setInterval(() => void say(), AGAIN_MS);
  const { accepted } = await node.answer(await answer.promise.finally(() => clearInterval(again)), nonce);
  const tookMs = performance.now() - startedMs;
  await subscription.close();
  if (!accepted) throw new Error(`${node.instanceId} was refused`);
  return tookMs;
}

import { describe, expect, test } from 'vitest';
import { type NodeClock, openNodeClock } from '../../agent/clock.ts';
import { type HelloOptions, sayHello } from '../../agent/hello.ts';
import type { Bus, MessageHandler } from '../../src/bus/bus.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { HelloAnswer } from '../../src/core/messages.ts';
import { brokerNames } from '../../src/core/names.ts';
import { newKeyPair } from '../../src/trust/ca.ts';
import { type OpenedHello, openHello, sealAnswer } from '../../src/trust/hello.ts';
import { spkiSha256OfKey } from '../../src/trust/keys.ts';
import { makePki, testPki } from '../kit/pki.ts';
import { eventually, tempDir } from './temp.ts';

type Plain = { accepted: true } | { accepted: false; retry_in_s: number; reason?: string };

/** A bus of one inbox and one hello queue, and the controller behind it. */
async function aStage(controllers = 1, clock: NodeClock = { ...systemClock, correct: async () => false }) {
  const pki = await testPki();
  const bus_ = await newKeyPair();
  const holders = await Promise.all(
    Array.from({ length: controllers }, (_, i) => pki.holder(`controller${i}`, 'controller')),
  );
  const heard: OpenedHello[] = [];
  const readBy: number[] = [];
  let inbox: MessageHandler | null = null;
  const stop = new AbortController();
  const bus: Bus = {
    state: 'up',
    ready: async () => undefined,
    close: async () => undefined,
    async subscribe(destination, handler) {
      expect(destination).toEqual({
        exchange: brokerNames.helloExchange,
        key: brokerNames.inboxKey(spkiSha256OfKey(bus_.publicKeyPem)),
      });
      inbox = handler;
      return { close: async () => undefined };
    },
    async publish(_destination, body) {
      expect(inbox).not.toBeNull();
      for (const [index, holder] of holders.entries()) {
        try {
          heard.push(openHello(body, { controllerKeyPem: holder.keyPem, anyAge: true }));
          readBy.push(index);
        } catch {
          // For another controller.
        }
      }
    },
  };
  const options: HelloOptions = {
    bus,
    opener: pki.opener,
    busKeyPem: bus_.keyPem,
    thumb: spkiSha256OfKey(bus_.publicKeyPem),
    controllerPems: holders.map(({ certificatePem }) => certificatePem),
    content: async () => ({
      group: 'web',
      token: 't',
      instance_id: 'i-1',
      boot_id: 'b',
      version: '1',
      bus_public_key: bus_.publicKeyPem,
      puppet_csr: 'csr',
      facts: {},
    }),
    backoff: { baseS: 0.1, capS: 0.2 },
    clock,
    log: silentLog,
    signal: stop.signal,
  };
  const answer = async (plain: Plain, nonce: string, from = pki) => {
    const { sealer } = await from.holder('controller0', 'controller');
    const stamp = { v: 1, typ: 'hello_answer', iat_ms: Date.now(), ttl_s: 60, nonce } as const;
    const full: HelloAnswer = plain.accepted
      ? { ...stamp, accepted: true, run: 'r', identity: 'i-1', certificate: 'c', collective: 'provisioning' }
      : { ...stamp, accepted: false, reason: plain.reason ?? 'TOKEN', retry_in_s: plain.retry_in_s };
    inbox?.(sealAnswer(full, { sealer, busPublicKeyPem: bus_.publicKeyPem }), {
      ack: () => undefined,
      nack: () => undefined,
    });
  };
  return {
    options,
    heard,
    readBy,
    answer,
    stop,
    nonceOf: (index: number) => eventually(() => heard[index]?.hello.nonce),
  };
}

describe('A hello', () => {
  test('is repeated with another nonce until it is answered, and a late answer to an earlier one counts', async () => {
    const stage = await aStage();
    const accepted = sayHello(stage.options);
    const first = await stage.nonceOf(0);
    expect(await stage.nonceOf(2)).not.toBe(first);
    await stage.answer({ accepted: true }, first);
    expect(await accepted).toMatchObject({ accepted: true, identity: 'i-1', collective: 'provisioning' });
  });

  test('that was refused is said again only after the time that the controller gave', async () => {
    const stage = await aStage();
    const accepted = sayHello(stage.options);
    await stage.answer({ accepted: false, retry_in_s: 1 }, await stage.nonceOf(0));
    const saidMs = performance.now();
    const before = stage.heard.length;
    const next = await stage.nonceOf(before);
    expect(performance.now() - saidMs).toBeGreaterThan(800);
    await stage.answer({ accepted: true }, next);
    await accepted;
  });

  test('is not ended by rubbish, by strangers or by an answer to another node', async () => {
    // Made first: keys take their time, and an answer counts only for the last hello.
    const strangers = await makePki();
    const stage = await aStage();
    const accepted = sayHello(stage.options);
    const nonce = await stage.nonceOf(0);
    await stage.answer({ accepted: true }, 'f'.repeat(32));
    await stage.answer({ accepted: true }, nonce, strangers);
    await stage.nonceOf(1);
    await stage.answer({ accepted: true }, await stage.nonceOf(1));
    expect(await accepted).toMatchObject({ accepted: true });
  });

  test('is for one controller after the other', async () => {
    const stage = await aStage(2);
    const accepted = sayHello(stage.options);
    await stage.answer({ accepted: true }, await stage.nonceOf(2));
    await accepted;
    expect(stage.readBy.slice(0, 3)).toEqual([0, 1, 0]);
  });

  test('of a node whose clock is an hour slow is said again at once, with the right time', async () => {
    const slow = { ...systemClock, nowMs: () => Date.now() - 3_600_000 };
    const machine = { machine: slow, uptimeMs: () => performance.now(), bootId: 'b', log: silentLog };
    const stage = await aStage(1, await openNodeClock({ stateDir: await tempDir(), ...machine }));
    const accepted = sayHello({ ...stage.options, backoff: { baseS: 20, capS: 20 } });
    const saidMs = performance.now();
    await stage.answer({ accepted: false, reason: 'CLOCK', retry_in_s: 60 }, await stage.nonceOf(0));
    await stage.answer({ accepted: true }, await stage.nonceOf(1));
    await accepted;
    expect(performance.now() - saidMs).toBeLessThan(5000);
    const [first, second] = stage.heard.map(({ hello }) => Math.abs(hello.iat_ms - Date.now()));
    expect(first).toBeGreaterThan(3_000_000);
    expect(second).toBeLessThan(10_000);
  });

  test('that was answered with the time a long while later does not set the clock by it', async () => {
    let monotonicMs = 0;
    const corrected: number[] = [];
    const correct = async (trueMs: number) => corrected.push(trueMs) > 0;
    const stage = await aStage(1, { nowMs: () => Date.now(), monotonicMs: () => monotonicMs, correct });
    const accepted = sayHello(stage.options);
    const nonce = await stage.nonceOf(0);
    monotonicMs = 11_000;
    await stage.answer({ accepted: false, reason: 'CLOCK', retry_in_s: 1 }, nonce);
    await stage.answer({ accepted: true }, await stage.nonceOf(1));
    await accepted;
    expect(corrected).toEqual([]);
  });

  test('ends when the daemon stops', async () => {
    const stage = await aStage();
    const accepted = sayHello(stage.options);
    await stage.nonceOf(0);
    stage.stop.abort(new Error('SIGTERM'));
    await expect(accepted).rejects.toThrow('SIGTERM');
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Bus } from '../../../src/bus/bus.ts';
import { onEvent } from '../../../src/controller/events.ts';
import { type HelloDeps, hear } from '../../../src/controller/hello.ts';
import { createTally } from '../../../src/controller/hello-tally.ts';
import { createJoinTokens } from '../../../src/controller/join-tokens.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { defineStep } from '../../../src/core/step.ts';
import token from '../../../src/trust/attestors/token.ts';
import { linesOf } from '../../kit/lines.ts';
import { controllerAudit } from '../../kit/operations.ts';
import { testPki } from '../../kit/pki.ts';
import { everythingIn, startRedis, type TestRedis } from '../../kit/redis.ts';
import { overJob, startTestEngine, testConfig } from '../../kit/run-fakes.ts';
import { createSayer, TOKEN } from '../../kit/run-hello.ts';
import { addMaster } from '../../kit/run-master.ts';
import { addNode } from '../../kit/run-node.ts';
import { createWorld } from '../../kit/run-world.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

test('neither token nor identity document nor private key are in the logs or in Redis after a whole run', async () => {
  const { stream, text: logged } = linesOf();
  const log = createLog({ level: 'trace', name: 'test', stream });
  const pki = await testPki();
  const controller = await pki.holder('controller', 'controller');
  const sayer = await createSayer('i-1');
  const document = JSON.stringify({
    ...{
      instanceId: 'i-1',
      accountId: '123456789012',
      pendingTime: '2030-01-01T00:00:00Z',
      region: 'eu-west-1',
    },
    imageId: 'ami-0feedfacecafebeef',
  });
  // A careless step, whose words hold all of it.
  const leak = `${sayer.busKeyPem}\n${document}`;
  const step = (name: string, run: Parameters<typeof defineStep>[0]['run']) =>
    defineStep({ name, summary: name, options: z.unknown(), timeoutS: 60, run });
  const steps = new Map([
    [
      'lock',
      step('lock', async ({ log: own }) => {
        own.info({ hello: { token: TOKEN, identity_document: document }, note: leak }, 'careless');
        return { outcome: 'done', detail: `done with ${leak}` };
      }),
    ],
    [
      'disable',
      step('disable', async () => {
        throw new MusterError('PUPPET_FAILED', `failed: ${leak}`, { details: ['last line', leak] });
      }),
    ],
  ]);
  const config = testConfig({ plan: ['lock', 'disable'], groups: { web: {} } });
  const world = createWorld();
  addMaster(world, 'puppet-a');
  addNode(world, 'i-1');
  const door = await redis.door();
  const engine = await startTestEngine({ door, world, config, steps, log });
  const deps: HelloDeps = {
    ...{
      sealer: controller.sealer,
      controllerKeyPem: controller.keyPem,
      log,
      clock: systemClock,
      ca: pki.ca,
    },
    ...{ config, claims: engine.claims, runs: engine.runs },
    grant: async () => undefined,
    operations: controllerAudit(door).operations,
    reserved: async () => false,
    quarantine: async () => ({ reason: 'CLAIM_TAKEN', id: 'q1' }),
    tokens: createJoinTokens(door),
    bus: { publish: async () => undefined } as unknown as Bus,
    attestors: new Map([['web', { plugin: token, options: token.options.parse({ token: TOKEN }) }]]),
  };
  const tally = createTally(deps);
  const facts = { ec2_placement_region: 'eu-west-1', user_token: TOKEN, note: leak };
  const said = { identity_document: document, identity_rsa2048: 'QUJDREVG'.repeat(20), facts };
  const good = await sayer.hello(controller.certificatePem, said);
  await hear(good.bytes, deps, tally);
  const wrong = await sayer.hello(controller.certificatePem, { ...said, token: `${TOKEN}x` });
  await hear(wrong.bytes, deps, tally);
  await onEvent(
    {
      kind: 'registration',
      agents: ['provision'],
      facts,
      classes: [],
      collectives: ['provisioning'],
      version: '1',
    },
    { name: 'i-1', role: 'node' },
    engine,
  );
  const [id = ''] = await engine.runs.idsWith('i-1');
  const { data } = await overJob(engine, id);
  await engine.close();
  expect(data.error).toMatchObject({
    code: 'PUPPET_FAILED',
    message: expect.stringContaining('[private key, sha256'),
  });
  const stored = await everythingIn(door);
  expect(stored).toContain(id);
  expect(logged()).toContain('careless');
  const keyLine = sayer.busKeyPem.split('\n')[1] ?? '';
  for (const [where, text] of Object.entries({ stored, logged: logged() }))
    for (const secret of [TOKEN, 'ami-0feedfacecafebeef', '123456789012', keyLine, 'QUJDREVGQUJD'])
      expect([where, secret, text.includes(secret)]).toEqual([where, secret, false]);
});

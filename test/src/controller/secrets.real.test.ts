import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { checkPlan } from '../../../src/controller/check-plugins.ts';
import { createCommands } from '../../../src/controller/commands.ts';
import type { RunJob, Runs } from '../../../src/controller/runs.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { defineNotifier } from '../../../src/core/notifier.ts';
import { defineStep } from '../../../src/core/step.ts';
import { linesOf } from '../../kit/lines.ts';
import { everythingIn, startRedis, type TestRedis } from '../../kit/redis.ts';
import { overJob, startTestEngine, testConfig, testRun } from '../../kit/run-fakes.ts';
import { addMaster } from '../../kit/run-master.ts';
import { addNode } from '../../kit/run-node.ts';
import { createWorld } from '../../kit/run-world.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const SECRETS = {
  option: 'correct-horse-battery',
  nested: 'staple-of-the-option',
  recipient: 'pass%20word-of-recipient',
  notifier: 'login-of-the-notifier',
};
const Options = z.strictObject({
  note: z.string(),
  api_password: z.string().meta({ secret: true }),
  login: z.strictObject({ token: z.string() }),
});

test('no secret of the options of steps, of notifiers or of recipients is in Redis or in the log, and steps get theirs', async () => {
  const { stream, text: logged } = linesOf();
  const log = createLog({ level: 'trace', name: 'test', stream });
  const got: unknown[] = [];
  const upload = defineStep({
    ...{ name: 'upload', summary: 'Repeats all that it was given', options: Options, timeoutS: 60 },
    async run(_context, options) {
      got.push(options);
      const said = `${options.api_password} and ${options.login.token}`;
      if (got.length === 1) throw new MusterError('PUPPET_FAILED', said, { details: [said] });
      return { outcome: 'done', detail: said };
    },
  });
  const careless = defineNotifier({
    ...{ name: 'careless', summary: 'Repeats all that it was given' },
    options: z.strictObject({ password: z.string() }),
    limits: { subjectChars: 100, bodyChars: 1000, perMinute: 100 },
    check: () => undefined,
    async send(_notice, recipient, options) {
      throw new MusterError(
        'NOTIFY_REJECTED',
        `${recipient.href} ${decodeURIComponent(recipient.password)} ${options.password}`,
      );
    },
  });
  const given = { note: 'fine', api_password: SECRETS.option, login: { token: SECRETS.nested } };
  const config = testConfig({
    plan: [{ upload: given }],
    groups: { web: {} },
    notify: {
      recipients: [`careless://me:${SECRETS.recipient}@example.org/x`],
      options: { careless: { password: SECRETS.notifier } },
    },
  });
  const world = createWorld();
  addMaster(world, 'puppet-a');
  addNode(world, 'i-1');
  const door = await redis.door();
  const engine = await startTestEngine({
    ...{ door, world, config, log },
    steps: new Map([['upload', upload]]),
    notifiers: new Map([['careless', careless]]),
  });
  await engine.runs.add('i-1.abcdef', testRun(world, 'i-1', { plan: config.plan }));
  const failed = await overJob(engine, 'i-1.abcdef');
  expect(failed.data.error?.message).toBe('[redacted] and [redacted]');
  const commands = createCommands({ door, runs: engine.runs, config, clock: systemClock });
  await commands.retryRun('i-1.abcdef');
  expect((await overJob(engine, 'i-1.abcdef')).data).toMatchObject({ outcome: 'provisioned' });
  expect(got).toEqual([given, given]);
  await expect.poll(logged, { timeout: 5000 }).toContain('notice given up');
  await engine.close();
  const stored = await everythingIn(door);
  expect(stored).toContain('fine');
  expect(stored).toContain('NOTIFY_REJECTED');
  const secrets = [...Object.values(SECRETS), decodeURIComponent(SECRETS.recipient)];
  for (const [where, text] of Object.entries({ stored, logged: logged() }))
    for (const secret of secrets)
      expect([where, secret, text.includes(secret)]).toEqual([where, secret, false]);
});

test('a run whose step has lost its secret with a changed config fails and says so', async () => {
  const step = defineStep({
    ...{ name: 'upload', summary: 'Needs a secret', options: Options, timeoutS: 60 },
    run: async () => ({ outcome: 'done', detail: '' }),
  });
  const plan = (note: string) => [
    { upload: { note, api_password: 'x'.repeat(8), login: { token: 'y'.repeat(8) } } },
  ];
  const world = createWorld();
  addMaster(world, 'puppet-a');
  addNode(world, 'i-2');
  const config = testConfig({ plan: plan('now') });
  const door = await redis.door();
  const engine = await startTestEngine({ door, world, config, steps: new Map([['upload', step]]) });
  const before = testConfig({ plan: plan('before') });
  await engine.runs.add('i-2.abcdef', testRun(world, 'i-2', { plan: before.plan }));
  expect((await overJob(engine, 'i-2.abcdef')).data.error).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('retry it'),
  });
  await engine.close();
});

test('a retry puts no secret of the plan as it is configured now into the job', async () => {
  const options = { note: 'fine', api_password: SECRETS.option, login: { token: SECRETS.nested } };
  const config = testConfig({ plan: [{ upload: options }] });
  const data = testRun(createWorld(), 'i-3', { plan: [] });
  let stored = '';
  const job = {
    ...{ id: 'i-3.abcdef', data, getState: async () => 'failed', retry: async () => undefined },
    async updateData(next: unknown) {
      stored = JSON.stringify(next);
    },
  } as unknown as RunJob;
  const runs = { get: async () => job } as unknown as Runs;
  await createCommands({ door: await redis.door(), runs, config, clock: systemClock }).retryRun('i-3.abcdef');
  expect(stored).toContain('fine');
  expect(stored).not.toContain(SECRETS.option);
  expect(stored).not.toContain(SECRETS.nested);
});

test('a secret option that is not known as one by its name is refused before anything starts', () => {
  const options = z.strictObject({ pin: z.string().meta({ secret: true }) });
  const step = defineStep({
    ...{ name: 'upload', summary: 'x', options, timeoutS: 1 },
    run: async () => ({ outcome: 'done', detail: '' }),
  });
  const check = () => checkPlan([{ step: 'upload', options: { pin: '12345' } }], new Map([['upload', step]]));
  expect(check).toThrow(/plan\[0\]\.upload\.pin: is secret, and its name does not say so/);
});

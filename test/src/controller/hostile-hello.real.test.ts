import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bus } from '../../../src/bus/bus.ts';
import { consumeHellos } from '../../../src/controller/hello.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { Hello } from '../../../src/core/messages.ts';
import { brokerNames } from '../../../src/core/names.ts';
import ec2 from '../../../src/trust/attestors/ec2.ts';
import { spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { createEc2Signer, documentOf } from '../../kit/ec2-signer.ts';
import { createHelloScene, type HelloScene } from '../../kit/hello-scene.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { createSayer, type HelloSayer } from '../../kit/run-hello.ts';

/** On a real RabbitMQ: somebody who has the user data, and says hello in the name of an instance that is not his. */
const VICTIM = 'i-0123456789abcdef0';
const OWN = 'i-0fedcba9876543210';
const signer = createEc2Signer();
const [victims, own] = [documentOf(), documentOf({ instanceId: OWN })];
let broker: TestBroker;
let redis: TestRedis;
let scene: HelloScene;
let attacker: Bus;
let controllerPem: string;
let victim: HelloSayer;

beforeAll(async () => {
  [redis, broker] = await Promise.all([
    startRedis(),
    startBroker({ collectives: ['provisioning'], controllers: ['controller'] }),
  ]);
  controllerPem = (await (await testPki()).holder('controller', 'controller')).certificatePem;
  scene = await createHelloScene(await redis.door());
  const rules = {
    certificates_dir: signer.certificatesDir,
    accounts: ['123456789012'],
    regions: ['eu-west-1'],
  };
  const group = { plugin: ec2, options: ec2.options.parse({ ...rules, describe: false }) };
  const [ears, stranger] = await Promise.all([broker.busOf('controller', 'controller'), broker.helloBus()]);
  attacker = stranger;
  await consumeHellos({ ...scene.deps, bus: ears, attestors: new Map([['web', group]]), clock: systemClock });
  victim = await createSayer(VICTIM, '.example.org');
});
afterAll(async () => {
  await attacker?.close();
  await Promise.all([broker?.stop(), redis?.stop()]);
  signer.remove();
});

/** Says a hello with these keys over the public login, and gives what comes into the inbox of the keys. */
async function say(who: HelloSayer, parts: Partial<Hello>) {
  const { bytes, nonce } = await who.hello(controllerPem, parts);
  const exchange = brokerNames.helloExchange;
  const answer = Promise.withResolvers<Buffer>();
  const inbox = { exchange, key: brokerNames.inboxKey(spkiSha256OfKey(who.busPublicKeyPem)) };
  const ear = await attacker.subscribe(inbox, (body) => answer.resolve(body), { ack: 'auto' });
  await attacker.publish({ exchange, key: brokerNames.helloKey }, bytes, { ttlS: 60, deadlineS: 10 });
  const said = await who.answer(await answer.promise, nonce);
  await ear.close();
  return said;
}

const rsa = (document: string, options?: Parameters<typeof signer.sign>[1]) => ({
  identity_document: document,
  identity_rsa2048: signer.sign(document, options),
});

describe('a hello in the name of another instance is refused, and only the controller knows why', () => {
  test.each<[string, string, () => Partial<Hello>]>([
    ['without a document', 'DOCUMENT_MISSING', () => ({})],
    [
      'with a document signed by a self-made key',
      'CMS_SIGNATURE',
      () => rsa(victims, { keys: [signer.forged], args: ['-md', 'sha256'] }),
    ],
    [
      'with two signers',
      'CMS_SIGNERS',
      () => rsa(victims, { keys: [signer.genuine, signer.forged], args: ['-md', 'sha256'] }),
    ],
    ['with his own document', 'INSTANCE_MISMATCH', () => rsa(own)],
    [
      "with the victim's document beside his own",
      'DOCUMENT_MISMATCH',
      () => ({ ...rsa(own), identity_document: victims }),
    ],
  ])('%s: %s', async (_, reason, parts) => {
    const thief = await createSayer(VICTIM, '.example.org');
    expect(await say(thief, parts())).toMatchObject({ accepted: false, reason: 'REFUSED' });
    await expect.poll(() => scene.deps.claims.refusals(), { timeout: 10_000 }).toMatchObject({ [reason]: 1 });
    expect([scene.grants, await scene.runs.queue.getJobCountByTypes()]).toEqual([[], 0]);
  });

  test("with the victim's stolen document, after the victim: CLAIM_TAKEN, and people are told", async () => {
    expect(await say(victim, rsa(victims))).toMatchObject({
      accepted: true,
      identity: `${VICTIM}.example.org`,
    });
    const runs = await scene.runs.queue.getJobCountByTypes();
    const thief = await createSayer(VICTIM, '.example.org');
    expect(await say(thief, rsa(victims))).toMatchObject({ accepted: false, reason: 'REFUSED' });
    await expect
      .poll(() => scene.deps.claims.refusals(), { timeout: 10_000 })
      .toMatchObject({ CLAIM_TAKEN: 1 });
    expect(scene.alarms[0]?.subject).toMatch(`ALARM ${VICTIM}`);
    expect([scene.grants.length, await scene.runs.queue.getJobCountByTypes()]).toEqual([1, runs]);
  });

  test("with the victim's own hello, captured: the victim alone can read the answer, and nothing is done again", async () => {
    const { bytes } = await victim.hello(controllerPem, rsa(victims));
    const thief = await createSayer(VICTIM, '.example.org');
    const exchange = brokerNames.helloExchange;
    const heard: Buffer[] = [];
    const inbox = { exchange, key: brokerNames.inboxKey(spkiSha256OfKey(victim.busPublicKeyPem)) };
    await attacker.subscribe(inbox, (body) => void heard.push(body), { ack: 'auto' });
    const before = await scene.runs.queue.getJobCountByTypes();
    for (let i = 0; i < 2; i++)
      await attacker.publish({ exchange, key: brokerNames.helloKey }, bytes, { ttlS: 60, deadlineS: 10 });
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(2);
    for (const body of heard)
      await expect(thief.answer(body, '0'.repeat(32))).rejects.toMatchObject({ code: 'SECURITY_REJECTED' });
    expect(await scene.runs.queue.getJobCountByTypes()).toBe(before);
  });
});

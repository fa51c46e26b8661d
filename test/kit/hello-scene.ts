import type { Bus } from '../../src/bus/bus.ts';
import { createClaims } from '../../src/controller/claims.ts';
import { type HelloDeps, hear } from '../../src/controller/hello.ts';
import { createTally } from '../../src/controller/hello-tally.ts';
import { createJoinTokens } from '../../src/controller/join-tokens.ts';
import type { Alarm } from '../../src/controller/outbox.ts';
import { createQuarantine, type Quarantine } from '../../src/controller/quarantine.ts';
import type { RedisDoor } from '../../src/controller/redis.ts';
import { openRuns, type Runs } from '../../src/controller/runs.ts';
import { secondKey } from '../../src/controller/second-key.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Hello, HelloAnswer } from '../../src/core/messages.ts';
import token from '../../src/trust/attestors/token.ts';
import { controllerAudit } from './operations.ts';
import { testPki } from './pki.ts';
import { testConfig } from './run-fakes.ts';
import { type HelloSayer, TOKEN } from './run-hello.ts';

/** A controller's ear for hellos on a real Redis, with nothing behind it, and what came out of it. */
export interface HelloScene {
  readonly deps: HelloDeps;
  readonly runs: Runs;
  readonly quarantine: Quarantine;
  readonly published: { key: string; body: Buffer }[];
  readonly grants: { identity: string; collectives: readonly string[] }[];
  readonly alarms: Alarm[];
  /** Says a hello and gives the answer, if there is one. */
  say(who: HelloSayer, parts?: Partial<Hello>): Promise<HelloAnswer | null>;
}

/** The group is `web` with the token of the sayers; names end in `.example.org`. */
export async function createHelloScene(
  door: RedisDoor,
  groups: readonly string[] = ['web'],
): Promise<HelloScene> {
  const pki = await testPki();
  const controller = await pki.holder('controller', 'controller');
  const [published, grants, alarms]: [HelloScene['published'], HelloScene['grants'], Alarm[]] = [[], [], []];
  const runs = openRuns(door, { keepDays: 1, log: silentLog });
  const quarantine = createQuarantine(door);
  const alarm = async (each: Alarm) => void alarms.push(each);
  const bus = {
    publish: async (to: { key: string }, body: Buffer) => void published.push({ key: to.key, body }),
  } as unknown as Bus;
  const attestor = { plugin: token, options: token.options.parse({ token: TOKEN }) };
  const deps: HelloDeps = {
    ...{ bus, sealer: controller.sealer, controllerKeyPem: controller.keyPem, ca: pki.ca, runs },
    ...{ log: silentLog, clock: systemClock, claims: createClaims(door) },
    config: testConfig({
      groups: Object.fromEntries(groups.map((name) => [name, { certname_suffix: '.example.org' }])),
    }),
    attestors: new Map(groups.map((name) => [name, attestor])),
    tokens: createJoinTokens(door),
    quarantine: (asked) => secondKey(asked, { quarantine, alarm, log: silentLog }),
    operations: controllerAudit(door).operations,
    reserved: async () => false,
    grant: async (identity, collectives) => void grants.push({ identity, collectives }),
  };
  const tally = createTally(deps);
  return {
    ...{ deps, runs, quarantine, published, grants, alarms },
    async say(who, parts = {}) {
      const { bytes, nonce } = await who.hello(controller.certificatePem, parts);
      await hear(bytes, deps, tally);
      const last = published.at(-1);
      return last === undefined ? null : who.answer(last.body, nonce);
    },
  };
}

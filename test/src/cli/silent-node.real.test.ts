import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker } from '../../kit/broker.ts';
import {
  enrolNodes,
  type FleetPlace,
  nodeNames,
  operatorConfig,
  registerNodes,
  startEmulator,
} from '../../kit/fleet.ts';
import { startRedis } from '../../kit/redis.ts';
import { runMuster } from '../../kit/run-muster.ts';

const ANSWERING = 99;
const SILENT = 'silent1';
const WAIT_S = 8;
let config: string;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-silent-'));
  ends.push(() => rm(dir, { recursive: true }));
  const redis = await startRedis();
  ends.push(() => redis.stop());
  const broker = await startBroker({ collectives: ['mcollective'], operators: ['alice'] });
  ends.push(() => broker.stop());
  const place: FleetPlace = { broker, redis, collectives: ['mcollective'] };
  const emulator = await startEmulator(await enrolNodes(place, nodeNames(ANSWERING)));
  ends.push(() => emulator.stop());
  await registerNodes(place, [SILENT]);
  config = await operatorConfig(place, dir, 'alice');
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const lines = (text: string, pattern: RegExp): number =>
  text.split('\n').filter((line) => pattern.test(line)).length;

describe('one silent node among a hundred', () => {
  it.each([
    [['ping'], /^node\d{4} +time=/],
    [['rpc', 'rpcutil', 'ping'], /^ +Timestamp: \d+$/],
  ])(
    'does not hold up the answers of the others to %j, is named, and makes the exit code 2',
    async (argv, answer) => {
      const command = runMuster(config, [...argv, '--timeout', String(WAIT_S)]);
      await expect.poll(() => lines(command.stdout(), answer), { timeout: 60_000 }).toBe(ANSWERING);
      // All the others are on the screen while the command still waits for the silent one.
      expect(command.ended()).toBe(false);
      expect(command.stdout()).not.toContain(SILENT);
      const { code, stdout } = await command.end;
      expect(code).toBe(2);
      expect(stdout).toMatch(new RegExp(`No response from:\\s+${SILENT}\\s*$`));
    },
  );

  it('is named in JSON too, in one document with the others', async () => {
    const command = runMuster(config, ['rpc', 'rpcutil', 'ping', '--json', '--timeout', '5']);
    const { code, stdout } = await command.end;
    expect(code).toBe(2);
    const { replies, request_stats: stats } = JSON.parse(stdout);
    expect(stats).toMatchObject({ ok: replies.length, no_responses: expect.arrayContaining([SILENT]) });
  });

  it('is not waited for when it is not asked', async () => {
    const { code, stdout } = await runMuster(config, ['rpc', 'rpcutil', 'ping', '-I', 'node0001', '-t', '60'])
      .end;
    expect(code).toBe(0);
    expect(stdout).toContain('Finished processing 1 / 1 hosts');
  });

  it('alone and by its name gives exit code 4', async () => {
    const { code, stdout } = await runMuster(config, ['ping', '-I', SILENT, '-t', '1']).end;
    expect(code).toBe(4);
    expect(stdout).toContain('No responses received');
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { type Ec2, type Ec2Options, startEc2 } from '../../../../infra/lab/ec2/index.ts';
import type { Machine, MachineSpec, Machines } from '../../../../infra/lab/ec2/machines.ts';
import { silentLog } from '../../../../src/core/log.ts';

/** An image of the local EC2. */
export const IMAGE_ID = 'ami-0deb1200000000001';

/** Machines that do nothing but remember what was asked of them, e.g. `on`, `off`, `discard`. */
interface FakeMachines extends Machines {
  readonly made: Array<{ spec: MachineSpec; calls: string[] }>;
  /** While it is set, `powerOn` fails with it. */
  powerOnError: Error | undefined;
  /** `powerOn` waits for it. */
  gate: Promise<void>;
}

/** None at first. */
function fakeMachines(): FakeMachines {
  const fakes: FakeMachines = {
    made: [],
    powerOnError: undefined,
    gate: Promise.resolve(),
    create(spec) {
      const calls: string[] = [];
      fakes.made.push({ spec, calls });
      return fakeMachine(fakes, spec, calls);
    },
  };
  return fakes;
}

function fakeMachine(fakes: FakeMachines, spec: MachineSpec, calls: string[]): Machine {
  return {
    async powerOn() {
      await fakes.gate;
      calls.push('on');
      if (fakes.powerOnError) throw fakes.powerOnError;
    },
    async powerOff() {
      calls.push('off');
    },
    async discard() {
      calls.push('discard');
    },
    console: async () => Buffer.from(`console of ${spec.instanceId}\n`),
  };
}

/** A local EC2 on loopback with fake machines; instances have addresses in 127.77/16, so that tests can speak as them. */
export interface TestEc2 extends Ec2 {
  readonly dir: string;
  readonly machines: FakeMachines;
  /** A real SDK client. */
  client(region: string, more?: EC2ClientConfig): EC2Client;
}

/** Starts one; `close` also ends its clients, and removes its directory unless it was given as `stateDir`. */
export async function startTestEc2(more: Partial<Ec2Options> = {}): Promise<TestEc2> {
  const dir = more.stateDir ?? (await mkdtemp(join(tmpdir(), 'muster-ec2-')));
  const machines = fakeMachines();
  const bind = { host: '127.0.0.1', port: 0 };
  const options = {
    stateDir: dir,
    machines,
    log: silentLog,
    network: '127.77',
    api: bind,
    imds: bind,
    ...more,
  };
  const ec2 = await startEc2(options);
  const credentials = await readCredentials(ec2.credentialsPath);
  const endpoint = `http://127.0.0.1:${ec2.apiPort}`;
  const clients: EC2Client[] = [];
  return {
    ...ec2,
    dir,
    machines,
    client(region, config = {}) {
      const client = new EC2Client({ region, endpoint, credentials, maxAttempts: 1, ...config });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await ec2.close();
      if (more.stateDir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The pair in an AWS credentials file. */
export async function readCredentials(
  path: string,
): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const content = await readFile(path, 'utf8');
  const value = (name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(content)?.[1] ?? '';
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') };
}

/** What the metadata service said. */
export interface Said {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Asks the metadata service as the instance with that address. */
export function askImds(
  ec2: Ec2,
  from: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Said> {
  const target = { host: '127.0.0.1', port: ec2.imdsPort, localAddress: from, agent: false as const };
  return new Promise((resolve, reject) => {
    const call = request({ ...target, path, method, headers }, (response) => {
      const { statusCode = 0, headers: got } = response;
      text(response).then((body) => resolve({ status: statusCode, body, headers: got }), reject);
    });
    call.on('error', reject).end();
  });
}

/** A session token for that address. */
export async function imdsToken(ec2: Ec2, from: string, ttlS = 60): Promise<string> {
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(ttlS) };
  return (await askImds(ec2, from, '/latest/api/token', { method: 'PUT', headers })).body;
}

/** Reads a path of the metadata service with a fresh token. */
export async function readImds(ec2: Ec2, from: string, path: string): Promise<Said> {
  const token = await imdsToken(ec2, from);
  return askImds(ec2, from, path, { headers: { 'x-aws-ec2-metadata-token': token } });
}

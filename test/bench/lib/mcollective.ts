import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, run } from '../../../infra/lab/process.ts';
import { adminApi } from '../../../src/bus/admin-api.ts';
import type { TestBroker } from '../../kit/broker.ts';
import { LOGIN, type Place, type Security, writeMcollective, writeNode } from './mcollective-files.ts';
import { type Measured, startMeasured } from './process.ts';

const VHOST = '/mcollective';
const COLLECTIVE = 'mcollective';
/** The agents that come with it. */
const AGENTS = ['discovery', 'rpcutil'];
const BIND_MS = 120_000;
const CALLS = join(import.meta.dirname, 'mcollective-calls.rb');

/**
 * MCollective 2.12.5 of Debian, private copy with what Ruby 3.1 needs, on a broker of the tests over TLS: the ancestor that
 * benchmarks compare with. `node infra/setup.mjs bench` installs the packages.
 */
export interface Mcollective {
  /** Starts daemons of these names and these facts; `boundMs` is from the first start until the last one hears the broker. */
  start(
    identities: readonly string[],
    facts?: Readonly<Record<string, string>>,
  ): Promise<{ readonly daemons: readonly Measured[]; readonly boundMs: number }>;
  /** `mco ARGS`, as a user types it; for a whole minute at most. */
  mco(...args: string[]): Promise<CommandResult>;
  /** `times` calls of `rpcutil#ping` to one node, one after the other, by one client process; the median of one in ms. */
  pings(identity: string, times: number): Promise<number>;
  /** Ends all daemons and removes all files. */
  stop(): Promise<void>;
}

/** Makes the virtual host, the login and the files. Messages are signed (`ssl`) unless `psk` is wanted, its fastest way. */
export async function setUpMcollective(
  broker: TestBroker,
  { security = 'ssl' }: { security?: Security } = {},
): Promise<Mcollective> {
  const api = adminApi(broker.management);
  await makeExchanges(api);
  const dir = mkdtempSync(join(tmpdir(), 'muster-mcollective-'));
  const place: Place = { dir, port: broker.port, vhost: VHOST, security };
  await writeMcollective(place);
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: dir, RUBYLIB: join(dir, 'lib') };
  const running: Measured[] = [];
  const living = () => running.filter((daemon) => daemon.isAlive()).length;
  return {
    async start(identities, facts = {}) {
      const configs = identities.map((identity) => writeNode(place, identity, facts));
      // The broker forgets one that was stopped a moment later.
      await bound(api, living());
      const startedMs = performance.now();
      const daemons = configs.map((config) =>
        startMeasured(['ruby', '/usr/sbin/mcollectived', '--config', config, '--no-daemonize'], {
          env,
          logFile: `${config}.out`,
        }),
      );
      running.push(...daemons);
      await bound(api, living());
      return { daemons, boundMs: performance.now() - startedMs };
    },
    mco: (...args) => run(['mco', ...args, '--config', join(dir, 'client.cfg')], { env, timeoutS: 60 }),
    async pings(identity, times) {
      const argv = ['ruby', CALLS, join(dir, 'client.cfg'), identity, String(times)];
      const { code, stdout, stderr } = await run(argv, { env, timeoutS: 600 });
      if (code !== 0) throw new Error(`${argv.join(' ')}: ${stdout}${stderr}`);
      return Number(stdout);
    },
    async stop() {
      await Promise.all(running.map((daemon) => daemon.stop()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

type Api = ReturnType<typeof adminApi>;

/** What the connector expects to be there. *Source:* MCollective's documentation of its RabbitMQ connector. */
async function makeExchanges(api: Api): Promise<void> {
  await api('PUT', ['vhosts', VHOST], {});
  await api('PUT', ['users', LOGIN.user], { password: LOGIN.password, tags: '' });
  const all = { configure: '.*', write: '.*', read: '.*' };
  await api('PUT', ['permissions', VHOST, LOGIN.user], all);
  await api('PUT', ['permissions', VHOST, 'muster'], all);
  const exchange = (name: string, type: string) =>
    api('PUT', ['exchanges', VHOST, `${COLLECTIVE}_${name}`], { type, durable: true });
  await exchange('broadcast', 'topic');
  await exchange('directed', 'direct');
}

/** Fulfilled when just so many daemons are subscribed for all their agents, the last thing that one does as it starts. */
async function bound(api: Api, daemons: number): Promise<void> {
  const path = ['exchanges', VHOST, `${COLLECTIVE}_broadcast`, 'bindings', 'source'];
  const deadlineMs = Date.now() + BIND_MS;
  const isBound = async () => {
    const text = JSON.stringify(await api('GET', path));
    return AGENTS.every((agent) => text.split(`"routing_key":"${agent}"`).length === daemons + 1);
  };
  while (!(await isBound())) {
    if (Date.now() > deadlineMs) throw new Error(`not all of ${daemons} mcollectived come up`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { ActionRequest, Agent } from '../../src/core/agent.ts';
import { MusterError } from '../../src/core/errors.ts';
import { settingsOf } from '../declared-settings.ts';
import { exists } from '../files.ts';
import { readServers, serverNamed } from '../haproxy/servers.ts';
import { askHaproxy } from '../haproxy/socket.ts';
import type { AgentHost } from '../host.ts';
import { type HaproxyServer, HaproxySettings, haproxy } from './haproxy.ddl.ts';

/** What is to become of a server. */
interface Wish {
  readonly server: string;
  readonly mode: HaproxyServer['admin'];
  readonly waitS?: number;
  /** Is it as it should be? Asked until `waitS` is over. */
  readonly done?: (server: HaproxyServer) => boolean;
  readonly todo?: (server: HaproxyServer) => string;
}

const POLL_MS = 500;
/** A reply must fit into one message. */
const MAX_SERVERS = 1000;

/** Servers behind the node's HAProxy, where it has one. */
const agent: Agent<typeof haproxy, AgentHost> = {
  ddl: haproxy,
  async activate(host) {
    const path = socketOf(host);
    return Object.hasOwn(host.config.settings, 'haproxy.socket') || (await exists(path));
  },
  actions: {
    async state({ backend, server }, request, host) {
      const all = await readServers(socketOf(host), request.signal);
      const chosen = server === undefined ? all : [serverNamed(all, server)];
      const servers = chosen.filter((one) => backend === undefined || one.server.startsWith(`${backend}/`));
      if (servers.length === 0 && backend !== undefined)
        throw new MusterError(
          'NOT_FOUND',
          server === undefined
            ? `HAProxy has no backend ${backend} with servers`
            : `the server ${server} is not in the backend ${backend}`,
        );
      if (servers.length > MAX_SERVERS)
        throw new MusterError(
          'CONFLICT',
          `HAProxy has ${servers.length} servers, too many for one reply: ask for a backend`,
        );
      return { servers };
    },

    disable_server: ({ server }, request, host) => change({ server, mode: 'maint' }, request, host),

    drain: ({ server, wait_s }, request, host) =>
      change(
        {
          ...{ server, mode: 'drain', waitS: wait_s },
          done: ({ sessions, queued }) => sessions + queued === 0,
          todo: ({ sessions }) => `it takes no new sessions and still has ${sessions}`,
        },
        request,
        host,
      ),

    enable_server: ({ server, wait_s }, request, host) =>
      change(
        {
          ...{ server, mode: 'ready', waitS: wait_s },
          done: isUp,
          todo: ({ status, check }) => `it is enabled, its status is ${status} and its last check ${check}`,
        },
        request,
        host,
      ),
  },
};

/** Servers of HAProxy in and out. */
export default agent;

/**
 * Seen up by a health check. HAProxy counts a server that comes out of maintenance as up before its first check (`UP 1/3`, with
 * `fall 1` just `UP`), so its word alone is not enough: the result of the last check must be good, too.
 */
function isUp({ status, check }: HaproxyServer): boolean {
  return status === 'no check' || (status === 'UP' && /^L\dOKC?$/.test(check));
}

function socketOf({ config }: AgentHost): string {
  return settingsOf('haproxy', HaproxySettings, config).socket;
}

/**
 * Looks, asks only when there is something to change, and looks again. Throws NOT_FOUND, NODE_IO, CONFLICT when HAProxy
 * refuses, RPC_ABORTED when it did not get there in time; the message says how the server was left.
 */
async function change(wish: Wish, { signal }: ActionRequest, host: AgentHost) {
  const socket = socketOf(host);
  const { server, mode } = wish;
  const before = serverNamed(await readServers(socket, signal), server);
  if (before.admin !== mode) {
    const answer = await askHaproxy(socket, `set server ${server} state ${mode}`, signal);
    if (answer !== '') throw new MusterError('CONFLICT', `HAProxy refused: ${answer.slice(0, 300)}`);
  }
  const after = await settle(wish, socket, signal);
  return { ...after, before: before.status, changed: before.admin !== mode };
}

async function settle(wish: Wish, socket: string, signal: AbortSignal): Promise<HaproxyServer> {
  const { server, mode, waitS = 0, done = () => true, todo = () => '' } = wish;
  const endMs = performance.now() + waitS * 1000;
  for (;;) {
    const now = serverNamed(await readServers(socket, signal), server);
    if (now.admin !== mode)
      throw new MusterError(
        'CONFLICT',
        `${server} is in mode ${now.admin} although HAProxy took ${mode}: somebody else changed it`,
      );
    if (waitS === 0 || done(now)) return now;
    if (performance.now() >= endMs)
      throw new MusterError(
        'RPC_ABORTED',
        `${server}: ${todo(now)} after ${waitS} s; it stays in mode ${mode}`,
      );
    await sleep(Math.min(POLL_MS, Math.max(1, endMs - performance.now())), undefined, { signal });
  }
}

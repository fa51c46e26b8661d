import { MusterError } from '../../src/core/errors.ts';
import { amongKnown } from '../../src/core/nearest.ts';
import type { HaproxyServer } from '../agents/haproxy.ddl.ts';
import { askHaproxy } from './socket.ts';

/** Bits of srv_admin_state. *Source:* HAProxy management guide, `show servers state`. */
const MAINT_BITS = 0x01 | 0x02 | 0x04 | 0x20;
const DRAIN_BITS = 0x08 | 0x10;
/** Of `show stat`: all proxies, servers only. */
const SHOW_SERVERS = 'show stat -1 4 -1';

/** All servers that HAProxy knows, as it has them now. Throws NODE_IO. */
export async function readServers(socket: string, signal: AbortSignal): Promise<HaproxyServer[]> {
  const [stat, states] = await Promise.all([
    askHaproxy(socket, SHOW_SERVERS, signal),
    askHaproxy(socket, 'show servers state', signal),
  ]);
  return serversOf(stat, states);
}

/** The server of this name. Throws NOT_FOUND that names the nearest one and those there are. Pure. */
export function serverNamed(servers: readonly HaproxyServer[], name: string): HaproxyServer {
  const found = servers.find(({ server }) => server === name);
  if (found !== undefined) return found;
  const names = servers.map(({ server }) => server);
  const known = amongKnown(name, names, 'servers here:');
  throw new MusterError('NOT_FOUND', `HAProxy has no server ${name}${known}; nothing was changed`);
}

/** Servers from the CSV of `show stat` and the table of `show servers state`. Throws NODE_IO when it is neither. Pure. */
function serversOf(stat: string, states: string): HaproxyServer[] {
  const modes = new Map(
    rowsOf(states, (line) => line.split(' ')).map((row) => [
      `${row.be_name}/${row.srv_name}`,
      Number(row.srv_admin_state),
    ]),
  );
  return rowsOf(stat, csvCells).map((row) => {
    const server = `${row.pxname}/${row.svname}`;
    return {
      server,
      status: row.status ?? '',
      admin: modeOf(modes.get(server) ?? 0),
      check: (row.check_status ?? '').replace(/^\* /, ''),
      sessions: Number(row.scur || 0),
      queued: Number(row.qcur || 0),
      weight: Number(row.weight || 0),
      address: row.addr ?? '',
      since_s: Number(row.lastchg || 0),
    };
  });
}

/** Rows after the line of names, which begins with `#`, as maps. */
function rowsOf(text: string, cellsOf: (line: string) => string[]): Partial<Record<string, string>>[] {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.startsWith('# '));
  if (head < 0)
    throw new MusterError('NODE_IO', `HAProxy did not answer with its servers: ${lines[0]?.slice(0, 200)}`);
  const names = cellsOf((lines[head] ?? '').slice(2));
  return lines
    .slice(head + 1)
    .filter((line) => line !== '')
    .map((line) => {
      const cells = cellsOf(line);
      return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']));
    });
}

/** Cells of one line of CSV; what holds a comma, such as the word of a health check, is quoted. */
function csvCells(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );
}

function modeOf(bits: number): HaproxyServer['admin'] {
  if ((bits & MAINT_BITS) !== 0) return 'maint';
  return (bits & DRAIN_BITS) !== 0 ? 'drain' : 'ready';
}

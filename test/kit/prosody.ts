import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a private Prosody needs to know. PEM texts; ports that are free; accounts as name → password. */
export interface ProsodySettings {
  readonly domain: string;
  readonly certificate: string;
  readonly key: string;
  readonly ports: { readonly startTls: number; readonly tls: number };
  readonly accounts: Readonly<Record<string, string>>;
  /** False: the server offers no encryption at all. */
  readonly encryption?: boolean;
}

/** A private Prosody that can be stopped and started again on the same ports. */
export interface Prosody {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Kills it without a word. */
  kill(): Promise<void>;
  /** Makes it hang: connections stay, answers do not come. `kill` or `remove` ends that. */
  hang(): void;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/**
 * Debian's Prosody on 127.0.0.1 with a folder of its own: a domain with accounts, rooms at `rooms.<domain>`, no
 * connection to other servers. Runs as this user, in the foreground.
 */
export async function makeProsody(settings: ProsodySettings): Promise<Prosody> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-prosody-'));
  await writeFiles(folder, settings);
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exit = once(running, 'exit');
    running.kill(signal);
    await exit;
  };
  return {
    async start() {
      child = spawn('/usr/bin/prosody', ['--config', join(folder, 'prosody.cfg.lua'), '-F'], {
        stdio: 'ignore',
      });
      const { startTls, tls } = settings.ports;
      await listening(child, settings.encryption === false ? [startTls] : [startTls, tls], folder);
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    hang: () => void child?.kill('SIGSTOP'),
    async remove() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeFiles(folder: string, settings: ProsodySettings): Promise<void> {
  const accounts = join(folder, 'data', settings.domain.replaceAll('.', '%2e'), 'accounts');
  await mkdir(accounts, { recursive: true });
  await writeFile(join(folder, 'server.pem'), settings.certificate);
  await writeFile(join(folder, 'server.key'), settings.key, { mode: 0o600 });
  await writeFile(join(folder, 'prosody.cfg.lua'), configText(folder, settings));
  for (const [name, password] of Object.entries(settings.accounts)) {
    await writeFile(
      join(accounts, `${name}.dat`),
      `return { ["password"] = ${JSON.stringify(password)} };\n`,
    );
  }
}

function configText(folder: string, { domain, ports, encryption = true }: ProsodySettings): string {
  const modules = [
    'roster',
    'saslauth',
    'disco',
    'ping',
    'offline',
    'smacks',
    ...(encryption ? ['tls'] : []),
  ];
  return `
run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
log = { debug = "${folder}/prosody.log" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports.startTls} }
c2s_direct_tls_ports = { ${encryption ? ports.tls : ''} }
c2s_require_encryption = ${encryption}
s2s_ports = {}
modules_enabled = { ${modules.map((name) => `"${name}"`).join(', ')} }
modules_disabled = { "s2s" }
authentication = "internal_plain"
${encryption ? `ssl = { certificate = "${folder}/server.pem"; key = "${folder}/server.key" }` : ''}
${encryption ? `c2s_direct_tls_ssl = { certificate = "${folder}/server.pem"; key = "${folder}/server.key" }` : ''}
VirtualHost "${domain}"
Component "rooms.${domain}" "muc"
  restrict_room_creation = false
`;
}

async function listening(child: ChildProcess, ports: readonly number[], folder: string): Promise<void> {
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (failure !== undefined || child.exitCode !== null) break;
    if ((await Promise.all(ports.map(accepts))).every((there) => there)) return;
  }
  child.kill('SIGKILL');
  throw new Error(`Prosody did not start: ${failure ?? `see ${join(folder, 'prosody.log')}`}`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAB_IP, type LabPaths, PORTS, ZONE } from '../layout.ts';
import { tcpOpen } from './probe.ts';
import { programService, type Service } from './service.ts';

/** A chat or room message that Prosody passed on. */
export interface RecordedMessage {
  at_ms: number;
  from: string;
  to: string;
  /** XMPP's message type: `chat`, `groupchat`, `normal`. */
  type: string;
  /** Did it come over TLS? */
  secure: boolean;
  body: string;
}

/** Accounts of the lab: the one that Muster sends as, and the person who is told. */
export const XMPP_ACCOUNTS = ['muster', 'oncall'] as const;
/** Where rooms are: `oncall@rooms.lab.test`. */
export const XMPP_ROOMS = `rooms.${ZONE}`;

const MODULES = fileURLToPath(new URL('prosody-modules', import.meta.url));

/** prosody.cfg.lua: STARTTLS on 5222, TLS from the first byte on 5223, nothing in clear text. */
export function renderProsodyConf(paths: LabPaths): string {
  const certificate = `{ key = "${paths.servicesKey}"; certificate = "${paths.servicesCertificate}"; }`;
  return `run_as_root = true
pidfile = "${join(paths.prosody, 'prosody.pid')}"
data_path = "${join(paths.prosody, 'data')}"
plugin_paths = { "${MODULES}" }
modules_enabled = { "roster"; "saslauth"; "tls"; "disco"; "ping"; "posix"; "muster_record"; }
modules_disabled = { "s2s"; }
interfaces = { "*" }
c2s_require_encryption = true
c2s_ports = { ${PORTS.xmpp} }
c2s_direct_tls_ports = { ${PORTS.xmpps} }
authentication = "internal_plain"
muster_record_file = "${paths.xmppLog}"
ssl = ${certificate}
c2s_direct_tls_ssl = ${certificate}
log = { info = "*console" }
VirtualHost "${ZONE}"
Component "${XMPP_ROOMS}" "muc"
  restrict_room_creation = false
`;
}

/** Prosody with the accounts in `passwords` (by name without domain). */
export function prosodyService(paths: LabPaths, passwords: Readonly<Record<string, string>>): Service {
  return programService('prosody', async () => {
    const accounts = join(paths.prosody, 'data', ZONE.replaceAll('.', '%2e'), 'accounts');
    await mkdir(accounts, { recursive: true, mode: 0o700 });
    for (const [name, password] of Object.entries(passwords)) {
      const text = `return { ["password"] = "${password}"; };\n`;
      await writeFile(join(accounts, `${name}.dat`), text, { mode: 0o600 });
    }
    await appendFile(paths.xmppLog, '', { mode: 0o600 });
    const conf = join(paths.prosody, 'prosody.cfg.lua');
    await writeFile(conf, renderProsodyConf(paths), { mode: 0o600 });
    const ready = async () => (await tcpOpen(LAB_IP, PORTS.xmpp)) && (await tcpOpen(LAB_IP, PORTS.xmpps));
    const logPath = join(paths.log, 'prosody.log');
    const argv = ['prosody', '--config', conf, '-F'];
    return { name: 'prosody', argv, cwd: paths.prosody, logPath, ready, readyLimitS: 30 };
  });
}

/** Everything that was said so far, oldest first. */
export async function recordedMessages(paths: LabPaths): Promise<RecordedMessage[]> {
  const text = await readFile(paths.xmppLog, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RecordedMessage);
}

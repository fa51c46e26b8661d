import { createTransport } from 'nodemailer';
import { readOptionFile } from './secret.ts';

/** Where and how mail is handed over. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly require_tls: boolean;
  readonly ca_file?: string | undefined;
  readonly user?: string | undefined;
  readonly password_file?: string | undefined;
}

/** What is kept open between mails. */
export type MailTransport = ReturnType<typeof pooledTransport>;

/** Opens nothing yet, but reads the files that the options name. Throws NOTIFY_REJECTED when one cannot be read. */
export async function mailTransport(server: MailServer): Promise<MailTransport> {
  const ca = server.ca_file === undefined ? undefined : await readOptionFile('ca_file', server.ca_file);
  const pass =
    server.password_file === undefined ? '' : await readOptionFile('password_file', server.password_file);
  return pooledTransport(server, { ca, pass });
}

function pooledTransport(server: MailServer, files: { ca: string | undefined; pass: string }) {
  return createTransport({
    pool: true,
    maxConnections: 2,
    // The core tries again, and knows when to stop.
    maxRequeues: 1,
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.require_tls,
    tls: { minVersion: 'TLSv1.2', ...(files.ca === undefined ? {} : { ca: files.ca }) },
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    ...(server.user === undefined ? {} : { auth: { user: server.user, pass: files.pass } }),
  });
}

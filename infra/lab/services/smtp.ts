import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { type LabPaths, PORTS } from '../layout.ts';
import { type Service, serverService } from './service.ts';

/** A mail that the sink took; the mail itself is `file` in STATE_DIR/mail. */
export interface RecordedMail {
  at_ms: number;
  /** Envelope, as the client gave it. */
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  /** Did it come over TLS? */
  secure: boolean;
  file: string;
}

/** A mail server that keeps every mail and delivers none. It offers STARTTLS and asks for no login. */
export function smtpService(paths: LabPaths): Service {
  return serverService('smtp', async () => {
    await mkdir(paths.mail, { recursive: true, mode: 0o700 });
    const [key, cert] = await Promise.all([readFile(paths.servicesKey), readFile(paths.servicesCertificate)]);
    let count = (await recordedMails(paths)).length;
    const server = new SMTPServer({
      key,
      cert,
      name: 'smtp.lab.test',
      authOptional: true,
      disableReverseLookup: true, // there is no name server to ask
      onAuth: (auth, _session, callback) => callback(null, { user: auth.username ?? '' }),
      onData: (stream, session, callback) => {
        const keep = async () => {
          const chunks: Buffer[] = [];
          for await (const chunk of stream) chunks.push(chunk as Buffer);
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          const to = rcptTo.map((one) => one.address);
          count += 1;
          await keepMail(paths, count, Buffer.concat(chunks), { from, to, secure: session.secure });
        };
        keep().then(() => callback(), callback);
      },
    });
    server.on('error', () => {}); // a client that breaks off
    await new Promise<void>((resolve) => server.listen(PORTS.smtp, '0.0.0.0', resolve));
    return () => new Promise((resolve) => server.close(() => resolve()));
  });
}

async function keepMail(
  paths: LabPaths,
  number: number,
  raw: Buffer,
  envelope: Pick<RecordedMail, 'from' | 'to' | 'secure'>,
): Promise<void> {
  const parsed = await PostalMime.parse(raw);
  const file = `${String(number).padStart(5, '0')}.eml`;
  await writeFile(join(paths.mail, file), raw, { mode: 0o600 });
  const { subject = '', text = '', html = '' } = parsed;
  const mail: RecordedMail = { at_ms: Date.now(), ...envelope, subject, text, html, file };
  await appendFile(join(paths.mail, 'list.jsonl'), `${JSON.stringify(mail)}\n`, { mode: 0o600 });
}

/** Every mail so far, oldest first. */
export async function recordedMails(paths: LabPaths): Promise<RecordedMail[]> {
  const text = await readFile(join(paths.mail, 'list.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RecordedMail);
}

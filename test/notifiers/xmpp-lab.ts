import { afterAll, afterEach, beforeAll } from 'vitest';
import xmpp from '../../notifiers/xmpp.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Notice } from '../../src/core/notifier.ts';
import { sampleNotice } from '../conformance/notifier.ts';
import { makeProsody, type Prosody, type ProsodySettings } from '../kit/prosody.ts';
import { freePort, serverCertificate, tempFolder } from './services.ts';
import { makeReader, type Reader } from './xmpp-reader.ts';

export const DOMAIN = 'xmpp.test';
/** Somebody whose messages nobody reads. */
export const ONCALL = `xmpp:oncall@${DOMAIN}`;

// One a test: what one test left in an inbox or a room must not be read by the next.
const people = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`person${n}`, 'reads']));

/** One Prosody for a test file, started before its first test and gone after its last. */
export class XmppLab {
  readonly #strangers = Object.keys(people);
  #rooms = 0;
  #readers: Reader[] = [];
  #parts: Awaited<ReturnType<typeof startParts>> | undefined;

  constructor() {
    beforeAll(async () => {
      this.#parts = await startParts();
    });
    afterEach(async () => {
      await xmpp.close?.();
      await Promise.all(this.#readers.splice(0).map((reader) => reader.close()));
    });
    afterAll(async () => {
      await this.#parts?.prosody.remove();
      await this.#parts?.folder.remove();
    });
  }

  get prosody(): Prosody {
    return this.#started.prosody;
  }

  get settings(): ProsodySettings {
    return this.#started.settings;
  }

  /** TLS from the first byte on. */
  get direct(): string {
    return `xmpps://127.0.0.1:${this.settings.ports.tls}`;
  }

  get startTls(): string {
    return `xmpp://127.0.0.1:${this.settings.ports.startTls}`;
  }

  /** Writes a file and gives its path. */
  file(name: string, text: string): Promise<string> {
    return this.#started.folder.write(name, text);
  }

  /** Sends a notice as the account `muster`, but for what `more` says. */
  send(
    to: string,
    more: { options?: object; notice?: Partial<Notice>; timeoutMs?: number } = {},
  ): Promise<void> {
    const options = xmpp.options.parse({ ...this.#started.login, service: this.direct, ...more.options });
    const signal = AbortSignal.timeout(more.timeoutMs ?? 20_000);
    return xmpp.send(sampleNotice(more.notice), new URL(to), options, { signal, log: silentLog });
  }

  /** Somebody whom no other test knows; logs in with `read`. */
  person(): { url: string; read(): Promise<Reader> } {
    const username = this.#strangers.pop() ?? 'nobody is left';
    return {
      url: `xmpp:${username}@${DOMAIN}`,
      read: async () => {
        const password_file = await this.file(`password-${username}`, 'reads');
        const reader = await makeReader({
          ...this.#started.login,
          service: this.direct,
          username,
          password_file,
        });
        this.#readers.push(reader);
        return reader;
      },
    };
  }

  /** A room that is not there yet. */
  room(): { jid: string; url: string } {
    this.#rooms += 1;
    const jid = `room${this.#rooms}@rooms.${DOMAIN}`;
    return { jid, url: `xmpp:${jid}?join` };
  }

  get #started() {
    if (this.#parts === undefined) throw new Error('Prosody was not started');
    return this.#parts;
  }
}

async function startParts() {
  const folder = await tempFolder();
  const tls = serverCertificate([DOMAIN]);
  const settings: ProsodySettings = {
    domain: DOMAIN,
    certificate: tls.certificate,
    key: tls.key,
    ports: { startTls: await freePort(), tls: await freePort() },
    accounts: { muster: 'correct horse', second: 'correct horse', oncall: 'reads', ...people },
  };
  const login = {
    domain: DOMAIN,
    username: 'muster',
    password_file: await folder.write('password', 'correct horse\n'),
    ca_file: await folder.write('ca.pem', tls.ca),
  };
  const prosody = await makeProsody(settings);
  await prosody.start();
  return { folder, settings, login, prosody };
}

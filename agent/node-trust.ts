import type { Clock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import type { Opener } from '../src/core/seal.ts';
import { createOpener } from '../src/trust/seal.ts';
import { type Credentials, readTrusted, renewCredentials } from './credentials.ts';
import type { TrustHost } from './host.ts';
import type { Joined } from './join.ts';
import { type Line, openLine } from './line.ts';
import { startRenewal } from './renewal.ts';
import { openRevokedCallers } from './revoked.ts';
import type { Service } from './serve.ts';

const AGAIN_MS = 60_000;

/** With what the daemon speaks, and how that is kept good while it runs. */
export interface NodeTrust extends TrustHost {
  /** The first connection. */
  readonly line: Line;
  readonly opener: Opener;
  readonly revocations: () => string | null;
  /** Fulfilled when the node has to join anew: expired, or the broker has refused its login for too long. */
  readonly over: Promise<void>;
  /** Begins to renew. */
  attach(service: Service): void;
  /** Closes the connection in use. */
  close(): Promise<void>;
}

/** Connects with the credentials of a node or master. Throws CONFIG_INVALID, NODE_IO. */
export async function openNodeTrust(
  config: DaemonConfig,
  joined: Joined,
  { log, clock }: { log: Log; clock: Clock },
): Promise<NodeTrust> {
  const caPem = await readTrusted(config.trust.ca, 'trust.ca');
  const revoked = await openRevokedCallers(config.state_dir, caPem, log);
  const over = Promise.withResolvers<void>();
  const logins = loginWatch(config.hello.after_refused_s * 1000, () => {
    log.warn('the broker does not let this node in any more');
    over.resolve();
  });
  const onLogin = joined.node === null ? () => undefined : logins.seen;
  const open = (own: Credentials) => openLine(config, { ...own, caPem }, log, onLogin);
  const keeper = new Keeper(config, joined, open, { log, clock });
  const first = keeper.line;
  return {
    line: first,
    opener: createOpener({ caPem, clock, revoked: (_serial, of) => revoked.revokes(of) }),
    revocations: revoked.digest,
    revoke: revoked.take,
    install: (pem) => keeper.install(pem),
    over: over.promise,
    attach: (service) => keeper.attach(service, over.resolve),
    async close() {
      logins.stop();
      await keeper.close();
    },
  };
}

/** Holds the credentials in use, renews them, and moves the service over to them. */
class Keeper {
  readonly #config: DaemonConfig;
  readonly #joined: Joined;
  readonly #open: (own: Credentials) => Line;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  #credentials: Credentials;
  #service: Service | undefined;
  #renewal: ReturnType<typeof startRenewal> | undefined;
  #moving: Promise<void> = Promise.resolve();
  line: Line;

  constructor(
    config: DaemonConfig,
    joined: Joined,
    open: (own: Credentials) => Line,
    { log, clock }: { log: Log; clock: Clock },
  ) {
    this.#config = config;
    this.#joined = joined;
    this.#open = open;
    this.#log = log;
    this.#clock = clock;
    this.#credentials = joined.credentials;
    this.line = open(joined.credentials);
  }

  attach(service: Service, onExpired: () => void): void {
    this.#service = service;
    this.#renewal = startRenewal({
      certificate: () => this.#credentials.certificatePem,
      ask: (certificate) => service.tell({ kind: 'renew', certificate }),
      onExpired: this.#joined.node === null ? () => this.#endOfGiven() : onExpired,
      clock: this.#clock,
      log: this.#log,
    });
  }

  async install(pem: string): Promise<number> {
    const { notAfterMs, ...renewed } = await renewCredentials(
      this.#credentials,
      this.#config,
      pem,
      this.#clock.nowMs(),
    );
    this.#credentials = renewed;
    this.#log.info({ until: new Date(notAfterMs).toISOString() }, 'has a new certificate');
    this.#renewal?.changed();
    this.#moving = this.#moving.then(() => this.#move());
    return notAfterMs;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    this.#renewal?.stop();
    await this.line.bus.close();
  }

  /** Nobody lets it in by a hello: a person has to look. */
  #endOfGiven(): void {
    this.#log.error(
      {
        certificate: this.#config.trust.certificate,
        next: 'muster ca renew, copy it here, restart the daemon',
      },
      'the certificate of this daemon has expired and was not renewed: the broker will not let it in again',
    );
  }

  /** Until it has worked: the old connection could not come back after the old certificate has expired. */
  async #move(): Promise<void> {
    const { certificatePem } = this.#credentials;
    while (!this.#stopped.signal.aborted && certificatePem === this.#credentials.certificatePem) {
      const [old, next] = [this.line, this.#open(this.#credentials)];
      const closeBoth = () => void next.bus.close();
      this.#stopped.signal.addEventListener('abort', closeBoth, { once: true });
      try {
        await this.#service?.moveTo(next);
        this.line = next;
        await old.bus.close();
        this.#log.info('uses its new certificate');
        return;
      } catch (cause) {
        await next.bus.close();
        this.#log.warn({ err: asMusterError(cause).message }, 'the new certificate is not in use yet');
      } finally {
        this.#stopped.signal.removeEventListener('abort', closeBoth);
      }
      await later(AGAIN_MS, this.#stopped.signal);
    }
  }
}

/** Tells when logins have been refused, and nothing else, for so long. */
function loginWatch(limitMs: number, refused: () => void): { seen(good: boolean): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    seen(good) {
      if (good) stop();
      else timer ??= setTimeout(refused, limitMs);
    },
    stop,
  };
}

function later(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

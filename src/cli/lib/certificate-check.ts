import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Finding } from '../../bus/broker-check.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { openCaBook } from '../../trust/ca-book.ts';
import { endingCertificates, endsSoon, endText } from '../../trust/expiry.ts';

const URGENT_MS = 7 * 86_400_000;
const LOOK_MS = 5000;

/**
 * Certificates that end soon or have ended: that of the CA, of this config, the one that the broker shows, and those that
 * were issued from this host and are no node's.
 */
export async function certificateFindings(
  { broker, trust }: Pick<ControllerConfig, 'broker' | 'trust'>,
  nowMs: number,
): Promise<Finding[]> {
  const finding = (what: string, notAfterMs: number, next: string): Finding => ({
    code: 'CERTIFICATE_ENDS',
    severity: notAfterMs - nowMs < URGENT_MS ? 'medium' : 'low',
    what: `the certificate ${what} ${endText(notAfterMs, nowMs)}`,
    next,
  });
  const [ca, own] = await Promise.all(
    [join(trust.dir, 'ca.pem'), trust.certificate].map(
      async (path) => new X509Certificate(await readFile(path)),
    ),
  );
  const shown = await shownBy(broker);
  const looked = [
    {
      what: 'of the collective CA',
      certificate: ca,
      ca: true,
      next: 'make a new CA; all certificates with it',
    },
    {
      what: `of this config, ${trust.certificate},`,
      certificate: own,
      next: 'run `muster ca renew` on the host of the CA',
    },
    {
      what: `that the broker shows at ${broker.host}:${broker.port}`,
      certificate: shown,
      next: 'run `muster ca renew broker`, copy it to the broker and restart that',
    },
  ].flatMap(({ what, certificate, next, ca: isCa = false }) => {
    if (certificate === undefined) return [];
    const [notBeforeMs, notAfterMs] = [
      certificate.validFromDate.getTime(),
      certificate.validToDate.getTime(),
    ];
    return endsSoon({ notBeforeMs, notAfterMs, ca: isCa }, nowMs) ? [finding(what, notAfterMs, next)] : [];
  });
  const named = new Set([own, shown].map((certificate) => certificate?.serialNumber.toLowerCase()));
  const others = endingCertificates(openCaBook(trust.dir), nowMs).filter(({ serial }) => !named.has(serial));
  return [
    ...looked,
    ...others.map(({ name, role, not_after_ms: notAfterMs }) =>
      finding(
        `of the ${role} ${name}`,
        notAfterMs,
        `run \`muster ca renew ${name}\`, or revoke it if nobody uses it`,
      ),
    ),
  ];
}

/** What the broker shows to whoever connects; undefined when it shows none: another finding says so. It is not trusted, only read. */
function shownBy({ host, port }: ControllerConfig['broker']): Promise<X509Certificate | undefined> {
  const { promise, resolve } = Promise.withResolvers<X509Certificate | undefined>();
  const socket = connect({ host, port, rejectUnauthorized: false });
  socket.setTimeout(LOOK_MS, () => socket.destroy());
  socket.once('secureConnect', () => {
    resolve(socket.getPeerX509Certificate());
    socket.destroy();
  });
  socket.once('error', () => resolve(undefined));
  socket.once('close', () => resolve(undefined));
  return promise;
}

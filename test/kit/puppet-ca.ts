import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { signCsr, type TestCa } from './puppet-pki.ts';

/** One name as the fake CA knows it. */
interface Entry {
  csr: string | null;
  certificate: string | null;
  revoked: boolean;
}

/** A stand-in for Puppet Server's CA, for branches that a real one shows only with luck. Answers are those observed with 7.9.5. */
export interface FakePuppetCa extends AsyncDisposable {
  readonly port: number;
  /** `METHOD PATH` of each request so far. */
  readonly calls: string[];
  readonly entries: Map<string, Entry>;
  /** Set it to answer all requests with this status, e.g. 503. */
  broken: number | null;
  /** Runs once, before the next signature: somebody who is faster. */
  beforeSign: (() => void) | null;
  url(): string;
}

type Reply = readonly [status: number, body?: string];

/** Starts it on a free port of 127.0.0.1; its certificate is for `localhost`. */
export async function startPuppetCa(ca: TestCa): Promise<FakePuppetCa> {
  const entries = new Map<string, Entry>();
  const calls: string[] = [];
  const server = createServer({
    key: ca.serverKeyPem,
    cert: ca.serverPem,
    ca: ca.pem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  const fake: FakePuppetCa = {
    port: 0,
    calls,
    entries,
    broken: null,
    beforeSign: null,
    url: () => `https://localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void bodyOf(request).then((body) => {
      calls.push(`${request.method} ${request.url}`);
      const admin = 'authorized' in request.socket && request.socket.authorized === true;
      const [status, text = ''] =
        fake.broken === null ? answer(fake, ca, request, body, admin) : [fake.broken, 'down'];
      response.writeHead(status).end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(fake, { port: (server.address() as AddressInfo).port });
}

function answer(
  fake: FakePuppetCa,
  ca: TestCa,
  request: IncomingMessage,
  body: string,
  admin: boolean,
): Reply {
  const url = new URL(request.url ?? '/', 'https://localhost');
  if (url.pathname === '/status/v1/simple') return [200, 'running'];
  const [, kind = '', name = ''] = /^\/puppet-ca\/v1\/([a-z_]+)(?:\/(.+))?$/.exec(url.pathname) ?? [];
  const route = `${request.method} ${kind}`;
  if (route === 'GET certificate')
    return name === 'ca'
      ? [200, ca.pem]
      : found(fake.entries.get(name)?.certificate, `Could not find certificate ${name}`);
  if (route === 'GET certificate_request') return found(fake.entries.get(name)?.csr, 'no request');
  if (route === 'PUT certificate_request') return submit(fake, name, body);
  if (!admin) return [403, 'Forbidden'];
  return asAdmin(fake, ca, { route, name, body, state: url.searchParams.get('state') });
}

function asAdmin(
  fake: FakePuppetCa,
  ca: TestCa,
  call: { route: string; name: string; body: string; state: string | null },
): Reply {
  const { route, name, body, state } = call;
  const entry = fake.entries.get(name);
  if (route === 'GET certificate_statuses') {
    return [
      200,
      JSON.stringify(
        [...fake.entries].map(([of, one]) => statusOf(of, one)).filter((one) => one.state === state),
      ),
    ];
  }
  if (route === 'GET certificate_status')
    return entry === undefined ? [404, 'Resource not found.'] : [200, JSON.stringify(statusOf(name, entry))];
  if (route === 'DELETE certificate_status')
    return fake.entries.delete(name) ? [204] : [404, 'Resource not found.'];
  if (route === 'PUT certificate_status') return sign(fake, ca, name);
  if (route !== 'PUT clean') return [404];
  const { certnames }: { certnames: string[] } = JSON.parse(body);
  for (const one of certnames) if (fake.entries.get(one)?.certificate) fake.entries.delete(one);
  return [200, 'Successfully cleaned all certs.'];
}

function submit(fake: FakePuppetCa, name: string, csr: string): Reply {
  const entry = fake.entries.get(name);
  const already = (what: string): Reply => [
    400,
    `${name} already has a ${what} certificate; ignoring certificate request`,
  ];
  if (entry?.revoked) return already('revoked');
  if (entry?.certificate) return already('signed');
  if (entry?.csr) return already('requested');
  fake.entries.set(name, { csr, certificate: null, revoked: false });
  return [200];
}

function sign(fake: FakePuppetCa, ca: TestCa, name: string): Reply {
  fake.beforeSign?.();
  fake.beforeSign = null;
  const entry = fake.entries.get(name);
  if (entry === undefined) return [404, 'Invalid certificate subject.'];
  if (entry.csr === null)
    return [409, `Cannot sign certificate for host ${name} without a certificate request`];
  entry.certificate = signCsr(ca, entry.csr);
  entry.csr = null;
  return [204];
}

function statusOf(name: string, entry: Entry) {
  const state = entry.revoked ? 'revoked' : entry.certificate === null ? 'requested' : 'signed';
  const fingerprint =
    entry.certificate === null ? 'AA:BB' : new X509Certificate(entry.certificate).fingerprint256;
  return { name, state, fingerprint, dns_alt_names: [] };
}

function found(pem: string | null | undefined, message: string): Reply {
  return pem == null ? [404, message] : [200, pem];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

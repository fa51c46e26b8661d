import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';

/** PEM texts of one private CA and of a server certificate that it issued. */
export interface ServerCertificate {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A CA of its own and a certificate for `names` (host names, or 127.0.0.1). */
export function serverCertificate(names: readonly string[]): ServerCertificate {
  const ca = issue('Test CA', null, []);
  const server = issue(names[0] ?? 'localhost', ca, names);
  return { ca: ca.pem, certificate: server.pem, key: server.keyPem };
}

interface Issued {
  readonly certificate: forge.pki.Certificate;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly pem: string;
  readonly keyPem: string;
}

function issue(commonName: string, issuer: Issued | null, names: readonly string[]): Issued {
  const keyPem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();
  const privateKey = forge.pki.privateKeyFromPem(keyPem);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
  certificate.serialNumber = issuer === null ? '01' : '02';
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
  const subject = [{ name: 'commonName', value: commonName }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer?.certificate.subject.attributes ?? subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: issuer === null, critical: true },
    ...(names.length === 0 ? [] : [{ name: 'subjectAltName', altNames: names.map(altName) }]),
  ]);
  certificate.sign(issuer?.privateKey ?? privateKey, forge.md.sha256.create());
  return { certificate, privateKey, pem: forge.pki.certificateToPem(certificate), keyPem };
}

function altName(name: string): { type: number; value?: string; ip?: string } {
  return /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name };
}

/** A folder that is gone when `remove` is called; `write` puts a file there and gives its path. */
export async function tempFolder() {
  const path = await mkdtemp(join(tmpdir(), 'muster-notifiers-'));
  return {
    path,
    async write(name: string, text: string): Promise<string> {
      await writeFile(join(path, name), text, { mode: 0o600 });
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** A server on 127.0.0.1 that takes connections and never says a word. */
export async function silentServer(): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server.address()),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port on 127.0.0.1 on which nobody listens now. */
export async function freePort(): Promise<number> {
  const { port, stop } = await silentServer();
  await stop();
  return port;
}

/** The port of a listening server's address. */
export function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { MusterError } from '../../src/core/errors.ts';
import { spkiSha256OfKey } from '../../src/trust/keys.ts';
import type { PuppetAnswer, PuppetHttp } from './https.ts';

/** What the CA knows of a name. */
export interface CaStatus {
  readonly state: 'requested' | 'signed' | 'revoked';
  readonly fingerprint: string;
}

/** Puppet's CA, one HTTP request a function. Errors as {@link PuppetHttp}; an answer that means "no" throws CA_REFUSED. */
export interface CaApi {
  certificate(name: string): Promise<string | null>;
  request(name: string): Promise<string | null>;
  putRequest(name: string, csrPem: string): Promise<PuppetAnswer>;
  status(name: string): Promise<CaStatus | null>;
  statuses(state: 'requested' | 'signed'): Promise<string[]>;
  sign(name: string): Promise<'signed' | 'conflict' | 'unknown'>;
  /** Revokes and deletes a signed certificate; a name without one is fine. */
  clean(name: string): Promise<void>;
  /** Deletes what there is of a name, a waiting request too; false when there was nothing. */
  drop(name: string): Promise<boolean>;
  /** `running`, `starting` or another word of the server. */
  health(): Promise<string>;
}

const Status = z.object({
  name: z.string(),
  state: z.enum(['requested', 'signed', 'revoked']),
  fingerprint: z.string(),
});
const BASE = '/puppet-ca/v1';

/** *Source:* Puppet CA HTTP API v1, as observed with puppetserver 7.9.5. */
export function createCaApi(http: PuppetHttp, signal?: AbortSignal): CaApi {
  const at = (kind: string, name: string) => `${BASE}/${kind}/${encodeURIComponent(name)}`;
  const get = (path: string, type?: 'text/plain') =>
    http.call({ method: 'GET', path, signal, ...(type && { type }) });
  const putJson = (path: string, body: object) =>
    http.call({ method: 'PUT', path, body: JSON.stringify(body), type: 'application/json', signal });
  const pem = async (path: string) => textOrNull(await get(path, 'text/plain'));

  return {
    certificate: (name) => pem(at('certificate', name)),
    request: (name) => pem(at('certificate_request', name)),
    putRequest: (name, csrPem) =>
      http.call({
        method: 'PUT',
        path: at('certificate_request', name),
        body: csrPem,
        type: 'text/plain',
        signal,
      }),
    async status(name) {
      const body = textOrNull(await get(at('certificate_status', name)));
      return body === null ? null : parseAs(Status, body);
    },
    async statuses(state) {
      const answer = await get(`${BASE}/certificate_statuses/any?state=${state}`);
      const list = parseAs(z.array(Status), textOrNull(answer) ?? '[]');
      return list
        .filter((entry) => entry.state === state)
        .map((entry) => entry.name)
        .sort();
    },
    async sign(name) {
      const answer = await putJson(at('certificate_status', name), { desired_state: 'signed' });
      if (answer.status === 404) return 'unknown';
      if (answer.status === 409 && /without a certificate request/.test(answer.body)) return 'conflict';
      expectDone(answer);
      return 'signed';
    },
    async clean(name) {
      expectDone(await putJson(`${BASE}/clean`, { certnames: [name] }));
    },
    async drop(name) {
      const answer = await http.call({ method: 'DELETE', path: at('certificate_status', name), signal });
      if (answer.status === 404) return false;
      expectDone(answer);
      return true;
    },
    health: async () => (await get('/status/v1/simple', 'text/plain')).body.trim(),
  };
}

/** CA_REFUSED with what the CA said. */
export function caRefusal(answer: PuppetAnswer): MusterError {
  const hint =
    answer.status === 403 ? ' (the certificate of the caller needs pp_cli_auth or a rule in auth.conf)' : '';
  return new MusterError(
    'CA_REFUSED',
    `the CA answered ${answer.status}: ${answer.body.trim().slice(0, 500)}${hint}`,
  );
}

/** SHA-256, hex, of the public key in a signing request; null when it cannot be read, e.g. because it is not RSA: so it is not ours. */
export async function requestSpki(csrPem: string): Promise<string | null> {
  // Loaded here, because forge is large and most nodes never read a signing request.
  const { readCsr } = await import('../../src/trust/csr.ts');
  try {
    return readCsr(csrPem).spkiSha256;
  } catch {
    return null;
  }
}

/** SHA-256, hex, of the public key in a certificate; null when it cannot be read. */
export function certificateSpki(pem: string): string | null {
  try {
    return spkiSha256OfKey(new X509Certificate(pem).publicKey);
  } catch {
    return null;
  }
}

function textOrNull(answer: PuppetAnswer): string | null {
  if (answer.status === 404) return null;
  expectDone(answer);
  return answer.body;
}

function expectDone(answer: PuppetAnswer): void {
  if (answer.status < 200 || answer.status > 299) throw caRefusal(answer);
}

function parseAs<S extends z.ZodType>(schema: S, body: string): z.output<S> {
  try {
    return schema.parse(JSON.parse(body));
  } catch (cause) {
    throw new MusterError('CA_REFUSED', 'the CA gave an answer that makes no sense', { cause });
  }
}

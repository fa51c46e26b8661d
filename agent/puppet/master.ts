import { readFile } from 'node:fs/promises';
import { MusterError } from '../../src/core/errors.ts';
import { ioError } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { type CaApi, createCaApi } from './ca-api.ts';

/** This machine as a Puppet master: its CA, over connections that are kept. */
export interface Master {
  readonly caPem: string;
  api(signal: AbortSignal): CaApi;
}

const CALL_TIMEOUT_MS = 15_000;
const masters = new WeakMap<AgentHost, Promise<Master>>();

/** The master of a daemon, opened at the first use. Throws NODE_IO, CONFIG_INVALID. */
export function masterOf(host: AgentHost): Promise<Master> {
  const known = masters.get(host);
  if (known !== undefined) return known;
  const opened = openMaster(host);
  masters.set(host, opened);
  // A certificate that is not there yet may come: the next request looks again.
  opened.catch(() => masters.delete(host));
  return opened;
}

async function openMaster(host: AgentHost): Promise<Master> {
  const settings = host.config.puppetca;
  if (settings === undefined)
    throw new MusterError('CONFIG_INVALID', 'puppetca is not configured on this node');
  const [caPem, certificatePem, keyPem] = await Promise.all(
    [settings.ca, settings.certificate, settings.key].map(readPem),
  );
  if (caPem === undefined || certificatePem === undefined || keyPem === undefined)
    throw new MusterError('INTERNAL', 'a file is missing');
  const url = urlOf(settings.url);
  const { createPuppetHttp } = await import('./https.ts');
  const http = createPuppetHttp({
    host: url.hostname,
    port: Number(url.port || 8140),
    servername: url.hostname,
    caPem,
    certificatePem,
    keyPem,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  return { caPem, api: (signal) => createCaApi(http, signal) };
}

function readPem(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw ioError('read', path, cause);
  });
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new MusterError('CONFIG_INVALID', `puppetca.url: ${text} is no https URL`);
}

import { MusterError } from '../../src/core/errors.ts';
import { didYouMean } from '../../src/core/nearest.ts';
import { readIfThere } from '../files.ts';

/** Hosts that Nagios knows, each with its services. */
export type NagiosObjects = ReadonlyMap<string, ReadonlySet<string>>;

const BLOCK = /^define (host|service) \{\n([\s\S]*?)\n\s*\}/gm;

/**
 * Nagios answers nothing, so what it would ignore is found beforehand, where its object cache can be read. Throws NOT_FOUND
 * that names the nearest one. Without a cache nothing is known, and nothing is refused. Throws NODE_IO.
 */
export async function mustBeKnown(cache: string, host: string, service?: string): Promise<void> {
  const text = await readIfThere(cache);
  if (text === null) return;
  const objects = objectsOf(text);
  const services = objects.get(host);
  if (services === undefined) throw unknown(`host '${host}'`, host, objects.keys());
  if (service !== undefined && !services.has(service))
    throw unknown(`service '${service}' of ${host}`, service, services);
}

/** Hosts and services of an object cache. Pure. *Source:* Nagios Core, object_cache_file. */
function objectsOf(text: string): NagiosObjects {
  const objects = new Map<string, Set<string>>();
  for (const [, kind, block = ''] of text.matchAll(BLOCK)) {
    const value = (name: string) => new RegExp(`^\\s*${name}\\s+(.+?)\\s*$`, 'm').exec(block)?.[1];
    const host = value('host_name');
    if (host === undefined) continue;
    const services = objects.get(host) ?? new Set();
    objects.set(host, services);
    const service = kind === 'service' ? value('service_description') : undefined;
    if (service !== undefined) services.add(service);
  }
  return objects;
}

function unknown(what: string, name: string, known: Iterable<string>): MusterError {
  return new MusterError('NOT_FOUND', `Nagios has no ${what}${didYouMean(name, known)}; nothing was written`);
}

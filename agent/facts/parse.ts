import { parse as parseYaml } from 'yaml';
import { MusterError } from '../../src/core/errors.ts';
import type { Facts } from '../../src/core/inventory.ts';

const MAX_NAME_CHARS = 200;
const MAX_VALUE_CHARS = 8192;
/** More never fit into a registration, and a small file with aliases in it may hold millions. */
const MAX_FACTS = 25_000;

/** Names of files that hold facts. */
export const FACT_FILE = /^[^.].*\.(ya?ml|json|txt)$/;

/**
 * Facts of one file, by the end of its name: a map in YAML or JSON, or lines `name=value` in a `.txt`. Throws CONFIG_INVALID, or what the
 * parser throws. Pure. *Source:* Facter's external facts; `/etc/facts.txt` of the EC2 boot helper of 2010.
 */
export function parseFacts(path: string, text: string): Facts {
  if (path.endsWith('.txt')) return parseLines(text);
  // Warnings of the parser would go to standard error, past the log. Of a key that is there twice the last one counts, as in JSON
  // and for Puppet: looking for such keys takes a minute with a file of the size that is allowed.
  const tree: unknown = path.endsWith('.json')
    ? JSON.parse(text)
    : parseYaml(text, { logLevel: 'error', uniqueKeys: false });
  return flatFacts(tree ?? {});
}

/** Maps within maps become `outer.inner`, a list becomes its JSON, all values become texts. Throws CONFIG_INVALID. Pure. */
export function flatFacts(tree: unknown): Facts {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    throw new MusterError('CONFIG_INVALID', 'expected a map of facts');
  const facts = new Map<string, string>();
  flatten(tree, '', facts);
  return Object.fromEntries(facts);
}

/** As many facts as fit into `maxBytes` of JSON: the longest are left out. Pure. */
export function factsThatFit(facts: Facts, maxBytes: number): Facts {
  const sized = Object.entries(facts).map((fact) => ({ fact, bytes: bytesOfFact(fact) }));
  const kept: [string, string][] = [];
  let bytes = 0;
  for (const one of sized.sort((a, b) => a.bytes - b.bytes || (a.fact[0] < b.fact[0] ? -1 : 1))) {
    bytes += one.bytes;
    if (bytes > maxBytes) break;
    kept.push(one.fact);
  }
  return Object.fromEntries(kept);
}

/** What a fact takes in JSON, in bytes, with colon and comma. Pure. */
export function bytesOfFact([name, value]: readonly [string, string]): number {
  return Buffer.byteLength(JSON.stringify([name, value])) - 1;
}

function parseLines(text: string): Facts {
  const facts: Record<string, string> = {};
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    if (at < 1)
      throw new MusterError('CONFIG_INVALID', `line ${index + 1}: expected name=value or a comment with #`);
    const name = line.slice(0, at).trim().slice(0, MAX_NAME_CHARS);
    facts[name] = line
      .slice(at + 1)
      .trim()
      .slice(0, MAX_VALUE_CHARS);
  }
  return facts;
}

function flatten(value: object, prefix: string, into: Map<string, string>): void {
  for (const [key, item] of Object.entries(value)) {
    const name = `${prefix}${key}`.slice(0, MAX_NAME_CHARS);
    if (item === null || item === undefined) continue;
    if (typeof item === 'object' && !Array.isArray(item)) flatten(item, `${name}.`, into);
    else
      into.set(
        name,
        (typeof item === 'object' ? JSON.stringify(item) : String(item)).slice(0, MAX_VALUE_CHARS),
      );
    if (into.size > MAX_FACTS) throw new MusterError('CONFIG_INVALID', `holds more than ${MAX_FACTS} facts`);
  }
}

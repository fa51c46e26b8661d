import { z } from 'zod';
import { MusterError } from '../src/core/errors.ts';
import type { Facts } from '../src/core/inventory.ts';
import type { Imds } from './imds.ts';

/** What EC2 says of this instance: its signed identity document and what stands in it. */
export interface Instance {
  readonly instanceId: string;
  readonly region: string;
  /** The document as it came, byte by byte: the signature is over it. */
  readonly document: string;
  /** Base64 CMS (RSA-2048, SHA-256) over the document; null where the service has none. */
  readonly rsa2048: string | null;
}

const Document = z.object({ instanceId: z.string().regex(/^i-[0-9a-f]{1,32}$/), region: z.string().min(1) });

/** Reads the identity document and its signature. Throws NODE_IO. */
export async function readInstance(imds: Imds): Promise<Instance> {
  const path = 'dynamic/instance-identity/document';
  const [document, rsa2048] = await Promise.all([
    imds.get(path),
    imds.get('dynamic/instance-identity/rsa2048'),
  ]);
  if (document === null) throw new MusterError('NODE_IO', 'IMDS has no identity document');
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch (cause) {
    throw new MusterError('NODE_IO', 'the identity document of IMDS is no JSON', { cause });
  }
  const checked = Document.safeParse(parsed);
  if (!checked.success)
    throw new MusterError('NODE_IO', 'the identity document of IMDS has no instance id or region');
  return { instanceId: checked.data.instanceId, region: checked.data.region, document, rsa2048 };
}

/** Never read: credentials and keys, which may not become facts. */
const SECRET = /^(iam|identity-credentials|managed-ssh-keys|public-keys)(\/|$)/;
const MAX_LEAVES = 300;
const MAX_DEPTH = 8;
const AT_ONCE = 8;

/**
 * Every leaf of the metadata tree as `ec2_<path>` with `-` and `/` as `_`; a value of several lines becomes `_0`, `_1`, …
 * `ec2_placement_region` is from the identity document. *Source:* the EC2 boot helper of 2010, which cut the last
 * letter off the zone instead (wrong for `us-west-2-lax-1a`).
 */
export async function ec2Facts(imds: Imds, region: string): Promise<Facts> {
  const facts: Record<string, string> = {};
  let folders = [''];
  let leaves = 0;
  for (let depth = 0; folders.length > 0 && depth < MAX_DEPTH; depth += 1) {
    const listed = (await inBatches(folders, (folder) => list(imds, folder))).flat();
    folders = listed.filter((path) => path.endsWith('/'));
    const files = listed.filter((path) => !path.endsWith('/')).slice(0, MAX_LEAVES - leaves);
    leaves += files.length;
    const values = await inBatches(
      files,
      async (path) => [path, await imds.get(`meta-data/${path}`)] as const,
    );
    for (const [path, value] of values) if (value !== null) Object.assign(facts, leafFacts(path, value));
  }
  return { ...facts, ec2_placement_region: region };
}

async function list(imds: Imds, folder: string): Promise<string[]> {
  const text = await imds.get(`meta-data/${folder}`);
  const names = (text ?? '').split('\n').filter((name) => name !== '');
  return names.map((name) => `${folder}${name}`).filter((path) => !SECRET.test(path));
}

function leafFacts(path: string, value: string): Facts {
  const name = `ec2_${path.replace(/[^A-Za-z0-9_]/g, '_')}`;
  const lines = value.trimEnd().split('\n');
  if (lines.length === 1) return { [name]: lines[0] ?? '' };
  return Object.fromEntries(lines.map((line, index) => [`${name}_${index}`, line]));
}

async function inBatches<I, O>(items: readonly I[], work: (item: I) => Promise<O>): Promise<O[]> {
  const results: O[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(work))));
  }
  return results;
}

import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'node:path';
import type { AnyAgent, AnyData } from './host.ts';

/** What only the build knows. The bundler puts a file of the same shape in the place of this one. */
export interface BuildInfo {
  readonly version: string;
  /** Agents in the bundle by file name; null from source, where the folder is scanned. */
  readonly agents: Readonly<Record<string, AnyAgent>> | null;
  /** Data plug-ins in the bundle by file name; null from source. */
  readonly data: Readonly<Record<string, AnyData>> | null;
  /** Texts of Muster's own policies, by file name without `.policy`. */
  readonly policies: Readonly<Record<string, string>>;
}

/** Version of the package, and nothing bundled: this is the source tree. */
export function buildInfo(): BuildInfo {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return { version, agents: null, data: null, policies: ownPolicies() };
}

function ownPolicies(): Record<string, string> {
  const folder = new URL('policies/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.policy'));
  return Object.fromEntries(
    files.sort().map((name) => [parse(name).name, readFileSync(new URL(name, folder), 'utf8')]),
  );
}

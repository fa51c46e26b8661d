import { readFileSync } from 'node:fs';
import type { AnyAgent } from './host.ts';

/** What only the build knows. The bundler puts a file of the same shape in the place of this one. */
export interface BuildInfo {
  readonly version: string;
  /** Agents in the bundle by file name; null from source, where the folder is scanned. */
  readonly agents: Readonly<Record<string, AnyAgent>> | null;
}

/** Version of the package, and no bundled agents: this is the source tree. */
export function buildInfo(): BuildInfo {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return { version, agents: null };
}

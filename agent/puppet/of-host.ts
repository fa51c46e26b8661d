import type { AgentHost } from '../host.ts';
import { findPuppet, type PuppetPaths, puppetProgram } from './paths.ts';

/**
 * Where Puppet is on this node, whether it came by a hello or, as a master, was given its certificate by hand. Where it was not installed
 * when the daemon started, it is looked for again: whoever has installed it meanwhile has chosen the places.
 */
export async function puppetOf(host: Pick<AgentHost, 'node' | 'config'>): Promise<PuppetPaths> {
  const known = host.node?.puppet;
  return known === undefined || known.bin === null ? findPuppet(host.config.puppet) : known;
}

/** Is Puppet installed? What is not there is not served. Asked every 30 s, so nothing is read for it. */
export async function hasPuppet(host: Pick<AgentHost, 'node' | 'config'>): Promise<boolean> {
  const bin = host.node?.puppet.bin ?? host.config.puppet.bin ?? null;
  return puppetProgram({ bin }).then(
    () => true,
    () => false,
  );
}

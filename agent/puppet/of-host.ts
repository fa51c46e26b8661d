import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { findPuppet, type PuppetPaths, puppetProgram } from './paths.ts';

/** Where Puppet is on this node, whether it came by a hello or, as a master, was given its certificate by hand. */
export async function puppetOf(host: Pick<AgentHost, 'node' | 'config'>): Promise<PuppetPaths> {
  return host.node?.puppet ?? findPuppet(host.config.puppet);
}

/** Is Puppet installed? What is not there is not served. */
export async function hasPuppet(host: Pick<AgentHost, 'node' | 'config'>): Promise<boolean> {
  const program = await puppetProgram(await puppetOf(host)).catch(() => null);
  return program !== null && exists(program);
}

import type { Agent } from '../../src/core/agent.ts';
import { MusterError } from '../../src/core/errors.ts';
import type { AgentHost } from '../host.ts';
import { isManaged, managedResources } from '../puppet/last-run.ts';
import { makeResource } from '../puppet/make-resource.ts';
import { hasPuppet, puppetOf } from '../puppet/of-host.ts';
import type { PuppetPaths } from '../puppet/paths.ts';
import { findResources, nameOf, type WantedResource } from '../puppet/ral.ts';
import { checkResource } from '../puppet/ral-rules.ts';
import { puppetral } from './puppetral.ddl.ts';

const MAX_FOUND = 1000;

/** Puppet's resource abstraction layer, through the puppet program. *Source:* agent/puppetral.rb of MCollective's plug-ins. */
const agent: Agent<typeof puppetral, AgentHost> = {
  ddl: puppetral,
  activate: hasPuppet,
  actions: {
    async find({ type, title }, { signal }, host) {
      const paths = await puppetOf(host);
      const [found] = await findResources(paths, type, title, signal);
      if (found === undefined)
        throw new MusterError('NOT_FOUND', `Puppet finds no ${nameOf({ type, title })}`);
      const managed = await managedResources(paths);
      return { type, ...found, managed: isManaged(managed, type, found.title) };
    },

    async search({ type }, { signal }, host) {
      const paths = await puppetOf(host);
      const [found, managed] = await Promise.all([
        findResources(paths, type, null, signal),
        managedResources(paths),
      ]);
      const resources = found
        .slice(0, MAX_FOUND)
        .map((resource) => ({ ...resource, managed: isManaged(managed, type, resource.title) }));
      return { resources, count: found.length };
    },

    async create({ type, title, properties, avoid_conflict }, { signal }, host) {
      const paths = await puppetOf(host);
      const wanted = { type, title, properties };
      await checkResource(host, paths, wanted);
      const free = await withoutConflict(paths, wanted, avoid_conflict, signal);
      return { ...(await makeResource(paths, free)), avoided: free !== wanted };
    },
  },
};

/** The `puppetral` agent. */
export default agent;

/** The resource without the property whose value another one of its type has, or has as its title. */
async function withoutConflict(
  paths: PuppetPaths,
  wanted: WantedResource,
  property: string | undefined,
  signal: AbortSignal,
): Promise<WantedResource> {
  const value = property === undefined ? undefined : wanted.properties[property];
  if (property === undefined || value === undefined) return wanted;
  const others = await findResources(paths, wanted.type, null, signal);
  const taken = others.some(
    (other) =>
      other.title !== wanted.title &&
      [other.title, String(other.properties[property] ?? '')].includes(String(value)),
  );
  if (!taken) return wanted;
  const kept = Object.entries(wanted.properties).filter(([name]) => name !== property);
  return { ...wanted, properties: Object.fromEntries(kept) };
}

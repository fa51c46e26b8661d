import { resolve } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { PuppetSettings } from '../../src/core/puppet-settings.ts';
import { settingsOf } from '../declared-settings.ts';
import type { AgentHost } from '../host.ts';
import { isManaged, managedResources } from './last-run.ts';
import type { PuppetPaths } from './paths.ts';
import { isSecretProperty, nameOf, type WantedResource } from './ral.ts';

/** Beside `name`, which goes for every type. *Source:* `isnamevar` in types of Puppet 7.23. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['exec', 'command'],
  ['file', 'path'],
  ['tidy', 'path'],
]);

/**
 * May this resource be changed by a request? Lists of the node's settings say which types, and which titles of a type; where
 * there is none, nothing may be. A property can name another thing than the title does (`path` of a file): both must be allowed.
 * What Puppet manages is refused unless `puppet.resource_allow_managed_resources` is true.
 * Throws RPC_DENIED, RPC_INVALID_DATA (a secret among the properties), CONFIG_INVALID. *Source:* mcollective-puppet-agent, `resource`.
 */
export async function checkResource(
  host: AgentHost,
  paths: PuppetPaths,
  resource: WantedResource,
): Promise<void> {
  const { type, properties } = resource;
  const secret = Object.keys(properties).find(isSecretProperty);
  if (secret !== undefined)
    throw new MusterError('RPC_INVALID_DATA', `${secret}: secrets are not taken here: requests are audited`);
  const settings = settingsOf('puppet', PuppetSettings, host.config);
  checkLists(settings, { key: 'type', suffix: '', value: type, what: `the type ${type}` }, true);
  const names = namesOf(resource).map((name) => ({ name, what: nameOf({ type, title: name }) }));
  for (const { name, what } of names)
    checkLists(settings, { key: 'name', suffix: `.${type}`, value: name, what }, false);
  if (settings.resource_allow_managed_resources) return;
  const managed = await managedResources(paths);
  const taken = names.find(({ name }) => isManaged(managed, type, name));
  if (taken !== undefined)
    throw new MusterError('RPC_DENIED', `Puppet manages ${taken.what} here: it would be changed back`);
}

/** All names by which Puppet might take the resource for one of its machine. */
function namesOf({ type, title, properties }: WantedResource): string[] {
  const keys = ['name', NAMED_BY.get(type) ?? 'name'];
  const given = keys.flatMap((key) => (Object.hasOwn(properties, key) ? (properties[key] ?? []) : []));
  return [...new Set([title, ...given].map((name) => plainName(type, name)))];
}

/** A path as Puppet reads it: `/etc//x/../motd/` is `/etc/motd`. */
function plainName(type: string, name: string): string {
  return name.startsWith('/') && type !== 'exec' ? resolve(name) : name;
}

function checkLists(
  settings: PuppetSettings,
  ask: { readonly key: string; readonly suffix: string; readonly value: string; readonly what: string },
  denyUnlisted: boolean,
): void {
  const [allowKey, denyKey] = ['whitelist', 'blacklist'].map(
    (list) => `resource_${ask.key}_${list}${ask.suffix}`,
  ) as [string, string];
  const plain = (name: string) => plainName(ask.suffix.slice(1), name);
  const allow = listIn(settings, allowKey)?.map(plain) ?? null;
  const deny = listIn(settings, denyKey)?.map(plain) ?? null;
  if (allow !== null && deny !== null)
    throw new MusterError(
      'CONFIG_INVALID',
      `settings: give puppet.${allowKey} or puppet.${denyKey}, not both`,
    );
  if (deny?.includes(ask.value))
    throw new MusterError('RPC_DENIED', `${ask.what} is in settings.puppet.${denyKey} of this node`);
  if (deny !== null || allow?.includes(ask.value)) return;
  if (allow === null && !denyUnlisted) return;
  throw new MusterError('RPC_DENIED', `${ask.what} is not in settings.puppet.${allowKey} of this node`);
}

/** Lists of names of a type are texts still: which types there are, nobody declares. */
function listIn(settings: PuppetSettings, key: string): readonly string[] | null {
  const value = Object.hasOwn(settings, key) ? settings[key as keyof PuppetSettings] : undefined;
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? value.split(',').map((word) => word.trim()) : null;
}

import { resolve } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { PuppetSettings } from '../../src/core/puppet-settings.ts';
import { settingsOf } from '../declared-settings.ts';
import type { AgentHost } from '../host.ts';
import { isManaged, managedResources } from './last-run.ts';
import type { PuppetPaths } from './paths.ts';
import { isSecretProperty, nameOf, type WantedResource } from './ral.ts';
import { commandIn, detourIn, isAsRoot } from './ral-commands.ts';

/** Beside `name`, which goes for every type. *Source:* `isnamevar` in types of Puppet 7.23. */
const NAMED_BY: ReadonlyMap<string, readonly string[]> = new Map([
  // All four are run.
  ['exec', ['command', 'onlyif', 'unless', 'refresh']],
  ['file', ['path']],
  ['tidy', ['path']],
]);

/**
 * May this resource be changed by a request? Lists of the node's settings say which types, and which titles of a type; where
 * there is none, nothing may be. A property can name another thing than the title does (`path` of a file): both must be allowed.
 * Types that make a caller root, above all exec, are allowed by their own name alone.
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
  checkCommands(settings, resource);
  const names = namesOf(resource).map((name) => ({ name, what: nameOf({ type, title: name }) }));
  for (const { name, what } of names)
    checkLists(settings, { key: 'name', suffix: `.${type}`, value: name, what }, false);
  if (settings.resource_allow_managed_resources) return;
  const managed = await managedResources(paths);
  const taken = names.find(({ name }) => isManaged(managed, type, name));
  if (taken !== undefined)
    throw new MusterError('RPC_DENIED', `Puppet manages ${taken.what} here: it would be changed back`);
}

/**
 * Commands are root's shell. Whoever lists what is denied has not said that he wants that; whoever allows services has not, either; and
 * a list of allowed commands holds only if nothing else decides what is run. Throws RPC_DENIED, CONFIG_INVALID.
 */
function checkCommands(settings: PuppetSettings, resource: WantedResource): void {
  const { type } = resource;
  const allowed = settings.resource_type_whitelist ?? [];
  const name = (one: string) =>
    `name ${one} in settings.puppet.resource_type_whitelist of this node to allow it`;
  if (isAsRoot(type) && !allowed.includes(type))
    throw new MusterError(
      'RPC_DENIED',
      `by the type ${type} a caller becomes root, so no blacklist allows it: ${name(type)}`,
    );
  const narrowed = listIn(settings, 'resource_name_whitelist.exec') !== null;
  const command = commandIn(resource);
  if (command !== undefined && narrowed)
    throw new MusterError(
      'RPC_DENIED',
      `by ${command} of a ${type} a caller decides what root runs, and settings.puppet.resource_name_whitelist.exec of this node lists what that may be: leave it out`,
    );
  if (command !== undefined && !allowed.includes('exec'))
    throw new MusterError(
      'RPC_DENIED',
      `by ${command} of a ${type} a caller decides what root runs, as by an exec: ${name('exec')}`,
    );
  if (type !== 'exec') return;
  if (listIn(settings, 'resource_name_blacklist.exec') !== null)
    throw new MusterError(
      'CONFIG_INVALID',
      'settings: puppet.resource_name_blacklist.exec holds nobody up, a command can be written in many ways: give puppet.resource_name_whitelist.exec',
    );
  const detour = narrowed ? detourIn(resource) : undefined;
  if (detour !== undefined)
    throw new MusterError(
      'RPC_DENIED',
      `${detour} of an exec decides what is run: leave it out, settings.puppet.resource_name_whitelist.exec of this node lists whole commands`,
    );
}

/** All names by which Puppet might take the resource for one of its machine. */
function namesOf({ type, title, properties }: WantedResource): string[] {
  const keys = ['name', ...(NAMED_BY.get(type) ?? [])];
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

import { MusterError } from '../../src/core/errors.ts';
import type { AgentHost } from '../host.ts';
import { flagSetting, listSetting } from '../settings.ts';
import { isManaged, managedResources } from './last-run.ts';
import type { PuppetPaths } from './paths.ts';
import { isSecretProperty, nameOf, type WantedResource } from './ral.ts';

/**
 * May this resource be changed by a request? Lists of the node's settings say which types, and which titles of a type; where
 * there is none, nothing may be. What Puppet manages is refused unless `puppet.resource_allow_managed_resources` is true.
 * Throws RPC_DENIED, RPC_INVALID_DATA (a secret among the properties), CONFIG_INVALID. *Source:* mcollective-puppet-agent, `resource`.
 */
export async function checkResource(
  host: AgentHost,
  paths: PuppetPaths,
  resource: WantedResource,
): Promise<void> {
  const { type, title, properties } = resource;
  const secret = Object.keys(properties).find(isSecretProperty);
  if (secret !== undefined)
    throw new MusterError('RPC_INVALID_DATA', `${secret}: secrets are not taken here: requests are audited`);
  checkLists(host, { key: 'type', suffix: '', value: type, what: `the type ${type}` }, true);
  checkLists(host, { key: 'name', suffix: `.${type}`, value: title, what: nameOf(resource) }, false);
  if (flagSetting(host, 'puppet.resource_allow_managed_resources', false)) return;
  if (isManaged(await managedResources(paths), type, title))
    throw new MusterError('RPC_DENIED', `Puppet manages ${nameOf(resource)} here: it would be changed back`);
}

function checkLists(
  host: AgentHost,
  ask: { readonly key: string; readonly suffix: string; readonly value: string; readonly what: string },
  denyUnlisted: boolean,
): void {
  const [allowKey, denyKey] = ['whitelist', 'blacklist'].map(
    (list) => `puppet.resource_${ask.key}_${list}${ask.suffix}`,
  ) as [string, string];
  const [allow, deny] = [listSetting(host, allowKey), listSetting(host, denyKey)];
  if (allow !== null && deny !== null)
    throw new MusterError('CONFIG_INVALID', `settings: give ${allowKey} or ${denyKey}, not both`);
  if (deny?.includes(ask.value))
    throw new MusterError('RPC_DENIED', `${ask.what} is in settings.${denyKey} of this node`);
  if (deny !== null || allow?.includes(ask.value)) return;
  if (allow === null && !denyUnlisted) return;
  throw new MusterError('RPC_DENIED', `${ask.what} is not in settings.${allowKey} of this node`);
}

import type { Instance } from '../instance.ts';
import { STATE_CODES } from '../instance.ts';
import { Refusal } from '../refusal.ts';
import { fixedId } from '../regions.ts';
import { type Action, type Call, findInstances } from './call.ts';
import { readFilters } from './filters.ts';
import { cutPage } from './pages.ts';
import { reservationsXml } from './views.ts';

const FILTERS: Readonly<Record<string, (instance: Instance) => readonly string[]>> = {
  'availability-zone': ({ spec }) => [spec.zone.name],
  'client-token': ({ spec }) => [spec.clientToken ?? ''],
  'iam-instance-profile.arn': ({ spec }) => (spec.profileArn === undefined ? [] : [spec.profileArn]),
  'image-id': ({ spec }) => [spec.imageId],
  'instance-id': ({ id }) => [id],
  'instance-state-code': ({ state }) => [String(STATE_CODES[state])],
  'instance-state-name': ({ state }) => [state],
  'instance-type': ({ spec }) => [spec.instanceType],
  'metadata-options.http-tokens': ({ spec }) => [spec.metadataOptions.httpTokens],
  'private-dns-name': ({ dnsName, state }) => (state === 'terminated' ? [] : [dnsName]),
  'private-ip-address': ({ address, state }) => (state === 'terminated' ? [] : [address]),
  'reservation-id': ({ spec }) => [spec.reservationId],
  'subnet-id': ({ spec }) => [spec.zone.subnetId],
  'tag-key': ({ tags }) => [...tags.keys()],
  'tag-value': ({ tags }) => [...tags.values()],
  'vpc-id': ({ spec }) => [fixedId('vpc', spec.region.name)],
};

function filterValues(instance: Instance, name: string): readonly string[] | undefined {
  if (!name.startsWith('tag:')) return FILTERS[name]?.(instance);
  const value = instance.tags.get(name.slice('tag:'.length));
  return value === undefined ? [] : [value];
}

function chosen(call: Call): Instance[] {
  const ids = call.form.list('InstanceId');
  if (ids.length === 0) return call.fleet.visible(call.region);
  if (call.form.text('MaxResults') !== undefined) {
    const message = 'The parameter instancesSet cannot be used with the parameter maxResults';
    throw new Refusal('InvalidParameterCombination', message);
  }
  return findInstances(call, [...new Set(ids)]).sort((a, b) => a.sequence - b.sequence);
}

/** DescribeInstances: by ids, or by filters in pages. */
export const describeInstances: Action = {
  accepts: ['InstanceId', 'Filter', 'MaxResults', 'NextToken'],
  run(call) {
    const isKnown = (name: string) => name.startsWith('tag:') || Object.hasOwn(FILTERS, name);
    const matches = readFilters<Instance>(call.form, isKnown, filterValues);
    const page = cutPage(call.form, chosen(call).filter(matches), ({ sequence }) => sequence);
    return { reservationSet: reservationsXml(page.items), nextToken: page.nextToken };
  },
};

import type { Instance } from '../instance.ts';
import { badValue, Refusal } from '../refusal.ts';
import { type Action, type Call, findInstances, stopIfDry } from './call.ts';
import { readFilters } from './filters.ts';
import type { Form } from './form.ts';
import { cutPage } from './pages.ts';

const MAX_TAGS = 50;

/** `Tag.N` as a map. @throws Refusal InvalidParameterValue (reserved or over-long), TagLimitExceeded, MissingParameter */
export function readTags(form: Form): Map<string, string> {
  const tags = new Map<string, string>();
  for (const tag of form.children('Tag')) {
    const key = tag.required('Key');
    const value = tag.text('Value') ?? '';
    if (key.length > 127) throw badValue('Tag key exceeds the maximum length of 127 characters');
    if (value.length > 256) throw badValue('Tag value exceeds the maximum length of 256 characters');
    if (/^aws:/i.test(key)) throw badValue("Tag keys starting with 'aws:' are reserved for internal use");
    tags.set(key, value);
  }
  checkCount(tags);
  return tags;
}

function checkCount(tags: ReadonlyMap<string, string>): void {
  if (tags.size > MAX_TAGS)
    throw new Refusal('TagLimitExceeded', `The maximum number of ${MAX_TAGS} tags was exceeded`);
}

function taggedInstances(call: Call): Instance[] {
  const ids = call.form.list('ResourceId');
  if (ids.length === 0)
    throw new Refusal('MissingParameter', 'The request must contain the parameter resourceIdSet');
  return findInstances(call, ids);
}

/** CreateTags, on instances: adds or overwrites. */
export const createTags: Action = {
  accepts: ['ResourceId', 'Tag'],
  run(call) {
    const tags = readTags(call.form);
    if (tags.size === 0)
      throw new Refusal('MissingParameter', 'The request must contain the parameter tagSet');
    const instances = taggedInstances(call);
    stopIfDry(call);
    for (const instance of instances) checkCount(new Map([...instance.tags, ...tags]));
    for (const instance of instances) for (const [key, value] of tags) instance.tags.set(key, value);
    return { return: true };
  },
};

/** DeleteTags: without a value whatever the value, with one only if it is equal; without any tag all of them. */
export const deleteTags: Action = {
  accepts: ['ResourceId', 'Tag'],
  run(call) {
    const wanted = call.form
      .children('Tag')
      .map((tag) => ({ key: tag.required('Key'), value: tag.text('Value') }));
    const instances = taggedInstances(call);
    stopIfDry(call);
    for (const { tags } of instances) {
      if (wanted.length === 0) tags.clear();
      for (const { key, value } of wanted)
        if (value === undefined || tags.get(key) === value) tags.delete(key);
    }
    return { return: true };
  },
};

interface TagRow {
  readonly position: number;
  readonly resourceId: string;
  readonly key: string;
  readonly value: string;
}

const FILTERS: Readonly<Record<string, (row: TagRow) => readonly string[]>> = {
  key: ({ key }) => [key],
  value: ({ value }) => [value],
  'resource-id': ({ resourceId }) => [resourceId],
  'resource-type': () => ['instance'],
};

/** DescribeTags, of instances. */
export const describeTags: Action = {
  accepts: ['Filter', 'MaxResults', 'NextToken'],
  run(call) {
    const matches = readFilters<TagRow>(
      call.form,
      (name) => Object.hasOwn(FILTERS, name),
      (row, name) => FILTERS[name]?.(row),
    );
    const rows = call.fleet.visible(call.region).flatMap(({ id, sequence, tags }) =>
      [...tags].map(([key, value], index) => ({
        position: sequence * MAX_TAGS + index,
        resourceId: id,
        key,
        value,
      })),
    );
    const page = cutPage(call.form, rows.filter(matches), ({ position }) => position);
    const tagSet = page.items.map(({ resourceId, key, value }) => ({
      resourceId,
      resourceType: 'instance',
      key,
      value,
    }));
    return { tagSet, nextToken: page.nextToken };
  },
};

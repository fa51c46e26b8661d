import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { puppetral as ddl } from '../../../agent/agents/puppetral.ddl.ts';
import agent from '../../../agent/agents/puppetral.ts';
import { aNode, request } from '../host.ts';

const PUPPET = '/usr/bin/puppet';
const { actions } = agent;

test('The real puppet program finds one resource, and all of a type, with secrets masked', async () => {
  const { host } = await aNode({}, PUPPET);
  const root = await actions.find({ type: 'user', title: 'root' }, request, host);
  expect(root).toMatchObject({ title: 'root', properties: { ensure: 'present', uid: 0, password: '***' } });
  expect(root.managed).toBe(false);
  expect(ddl.actions.find.output.safeParse(root).error).toBeUndefined();
  const option = await actions.find({ type: 'user', title: '--help' }, request, host);
  expect(option).toMatchObject({ title: '--help', properties: { ensure: 'absent' } });
  const { resources, count } = await actions.search({ type: 'user' }, request, host);
  expect(count).toBeGreaterThan(5);
  expect(resources.find(({ title }) => title === 'daemon')).toMatchObject({
    properties: { ensure: 'present' },
  });
  await expect(actions.search({ type: 'nosuch' }, request, host)).rejects.toMatchObject({
    code: 'PROGRAM_FAILED',
    details: [expect.stringContaining('Could not find type nosuch')],
  });
});

test('It creates a resource, and leaves a property out that another resource has already', async () => {
  const node = await aNode({ settings: { 'puppet.resource_type_whitelist': 'file,user' } }, PUPPET);
  const path = join(node.dir, 'made');
  const wish = { type: 'file', title: path, properties: { ensure: 'present', content: 'x' } };
  expect(await actions.create(wish, request, node.host)).toMatchObject({ changed: true, avoided: false });
  expect(await readFile(path, 'utf8')).toBe('x');
  expect(await actions.create(wish, request, node.host)).toMatchObject({ changed: false });

  // Nobody is made: who is absent stays absent, and its uid is root's.
  const nobody = { type: 'user', title: 'muster-nobody', properties: { ensure: 'absent', uid: '0' } };
  expect(await actions.create({ ...nobody, avoid_conflict: 'uid' }, request, node.host)).toEqual({
    ...{ result: 'no output produced', changed: false },
    avoided: true,
  });
  await expect(actions.create({ ...wish, type: 'exec' }, request, node.host)).rejects.toMatchObject({
    code: 'RPC_DENIED',
  });
});

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
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

test('It runs a command only where exec is allowed by name, whatever the command is called', async () => {
  const settings = (types: string, more = {}) => ({
    settings: { 'puppet.resource_type_whitelist': types, ...more },
  });
  const narrow = { 'puppet.resource_name_whitelist.exec': '/bin/true' };
  const node = await aNode(settings('service,file'), PUPPET);
  const touch = (name: string) => `/usr/bin/touch ${join(node.dir, name)}`;
  const service = {
    type: 'service',
    title: 'muster-none',
    properties: { ensure: 'running', provider: 'base' },
  };
  const start = { ...service, properties: { ...service.properties, start: touch('a'), status: touch('b') } };
  const file = {
    type: 'file',
    title: join(node.dir, 'f'),
    properties: { content: 'x', validate_cmd: touch('c') },
  };
  const onlyif = { type: 'exec', title: '/bin/true', properties: { onlyif: touch('d') } };
  const { host: narrowed } = await aNode(settings('exec', narrow), PUPPET);
  const { host: denying } = await aNode({ settings: { 'puppet.resource_type_blacklist': 'user' } }, PUPPET);
  for (const [host, wish] of [
    ...[start, file].map((one) => [node.host, one] as const),
    ...[onlyif, start].map((one) => [narrowed, one] as const),
    ...[onlyif, file].map((one) => [denying, one] as const),
  ])
    await expect(actions.create(wish, request, host)).rejects.toMatchObject({ code: 'RPC_DENIED' });
  expect((await readdir(node.dir)).filter((name) => name.length === 1)).toEqual([]);

  // The same wishes do run where exec is named: so it was the list that held them up.
  const { host } = await aNode(settings('exec,service,file'), PUPPET);
  for (const wish of [start, file, onlyif]) await actions.create(wish, request, host).catch(() => undefined);
  const ran = (await readdir(node.dir)).filter((name) => name.length === 1);
  expect(ran).toEqual(expect.arrayContaining(['b', 'c', 'd', 'f']));
});

/** A type of which there are ten thousand, with a kilobyte each. */
const MANY = `Puppet::Type.newtype(:many) do
  newparam(:name, namevar: true)
  newproperty(:text)
  def self.instances
    (1..10_000).map { |number| new(name: "n#{number}") }
  end
  def retrieve
    Puppet::Resource.new(self.class, title, parameters: { text: 'x' * 1000 })
  end
end
`;

test('More resources than can be read are an error that says what to do, never a part of the list', async () => {
  const node = await aNode({ settings: { 'puppet.resource_type_whitelist': 'many' } }, PUPPET);
  const lib = join(node.dir, 'lib');
  await mkdir(join(lib, 'puppet', 'type'), { recursive: true });
  await writeFile(join(lib, 'puppet', 'type', 'many.rb'), MANY);
  const own = node.host.node;
  if (own === null) throw new Error('a node that came by a hello is expected');
  const puppet = { ...own.puppet, options: [...own.puppet.options, '--libdir', lib] };
  const host = { ...node.host, node: { ...own, puppet } };
  const refused = {
    code: 'CONFLICT',
    message:
      'puppet resource many says more than 8 MiB: a part of it would mislead, so ask for single ones by their title',
  };
  await expect(actions.search({ type: 'many' }, request, host)).rejects.toMatchObject(refused);
  // Which of them has the value already cannot be told either.
  const wish = { type: 'many', title: 'n1', properties: { text: 'y' }, avoid_conflict: 'text' };
  await expect(actions.create(wish, request, host)).rejects.toMatchObject(refused);
  expect(await actions.find({ type: 'many', title: 'n10000' }, request, host)).toMatchObject({
    properties: { text: 'x'.repeat(1000) },
  });
});

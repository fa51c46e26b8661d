import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { puppet as ddl } from '../../../agent/agents/puppet.ddl.ts';
import agent from '../../../agent/agents/puppet.ts';
import { isSecretProperty } from '../../../agent/puppet/ral.ts';
import { aNode, request } from '../host.ts';
import { tempDir } from '../temp.ts';

const { actions } = agent;

describe('resource', () => {
  const make = async (settings: Record<string, string>, wish: object = {}) => {
    const stub = join(await tempDir(), 'puppet');
    await writeFile(stub, '#!/bin/sh\n');
    await chmod(stub, 0o755);
    const node = await aNode({ settings }, stub);
    onTestFinished(() => node.host.runs.close());
    await mkdir(node.puppet.stateDir, { recursive: true });
    await writeFile(join(node.puppet.stateDir, 'resources.txt'), 'file[/etc/motd]\nuser[peter]\n');
    const input = ddl.actions.resource.input.parse({ type: 'user', name: 'mary', ...wish });
    return actions.resource(input, request, node.host);
  };

  test.each([
    ['no list', {}, {}, 'RPC_DENIED'],
    ['a list without the type', { 'puppet.resource_type_whitelist': 'host, cron' }, {}, 'RPC_DENIED'],
    ['a list of denied types with it', { 'puppet.resource_type_blacklist': 'exec,user' }, {}, 'RPC_DENIED'],
    [
      'a list of names without it',
      { 'puppet.resource_type_whitelist': 'user', 'puppet.resource_name_whitelist.user': 'paul' },
      {},
      'RPC_DENIED',
    ],
    [
      'both lists',
      { 'puppet.resource_type_whitelist': 'user', 'puppet.resource_type_blacklist': 'exec' },
      {},
      'CONFIG_INVALID',
    ],
    ['what Puppet manages', { 'puppet.resource_type_whitelist': 'user' }, { name: 'Peter' }, 'RPC_DENIED'],
    [
      'what Puppet manages by another title',
      { 'puppet.resource_type_whitelist': 'user' },
      { properties: { name: 'peter' } },
      'RPC_DENIED',
    ],
    [
      'a path that Puppet manages',
      { 'puppet.resource_type_whitelist': 'file' },
      { type: 'file', name: 'mine', properties: { path: '/etc//x/../motd/' } },
      'RPC_DENIED',
    ],
    [
      'a name of a list of denied ones, by a property',
      { 'puppet.resource_type_whitelist': 'user', 'puppet.resource_name_blacklist.user': 'root' },
      { properties: { name: ['x', 'root'] } },
      'RPC_DENIED',
    ],
    [
      'a path of a list of denied ones, written otherwise',
      { 'puppet.resource_type_whitelist': 'file', 'puppet.resource_name_blacklist.file': '/etc/cron.d/' },
      { type: 'file', name: '/etc/./cron.d' },
      'RPC_DENIED',
    ],
    [
      'a command that is not listed, under a title that is',
      { 'puppet.resource_type_whitelist': 'exec', 'puppet.resource_name_whitelist.exec': '/bin/true' },
      { type: 'exec', name: '/bin/true', properties: { command: '/bin/false' } },
      'RPC_DENIED',
    ],
    ...['exec', 'cron', 'scheduled_task', 'ssh_authorized_key', 'file', 'augeas', 'file_line'].map(
      (type): [string, Record<string, string>, object, string] => [
        `the type ${type}, which a list of denied ones leaves out`,
        { 'puppet.resource_type_blacklist': 'user' },
        { type, name: '/x' },
        'RPC_DENIED',
      ],
    ),
    [
      'exec, where a star or nothing is allowed',
      { 'puppet.resource_type_whitelist': '*,' },
      { type: 'exec', name: '/bin/true' },
      'RPC_DENIED',
    ],
    ...['onlyif', 'unless', 'refresh', 'environment', 'path', 'cwd', 'provider'].map(
      (property): [string, Record<string, string>, object, string] => [
        `a command that is listed, with ${property}`,
        { 'puppet.resource_type_whitelist': 'exec', 'puppet.resource_name_whitelist.exec': '/bin/true' },
        { type: 'exec', name: '/bin/true', properties: { [property]: ['/bin/true', '/bin/false'] } },
        'RPC_DENIED',
      ],
    ),
    [
      'start of a service, where commands are listed',
      {
        'puppet.resource_type_whitelist': 'exec,service',
        'puppet.resource_name_whitelist.exec': '/bin/true',
      },
      { type: 'service', name: 'x', properties: { start: '/bin/false' } },
      'RPC_DENIED',
    ],
    [
      'a list of denied commands, which holds nobody up',
      { 'puppet.resource_type_whitelist': 'exec', 'puppet.resource_name_blacklist.exec': '/bin/false' },
      { type: 'exec', name: '/bin/true' },
      'CONFIG_INVALID',
    ],
    ...Object.entries({ service: 'start', file: 'validate_cmd', package: 'source' }).map(
      ([type, property]): [string, Record<string, string>, object, string] => [
        `${property} of a ${type}, where exec is not allowed`,
        { 'puppet.resource_type_whitelist': type },
        { type, name: '/x', properties: { [property]: '/x' } },
        'RPC_DENIED',
      ],
    ),
    [
      'a secret',
      { 'puppet.resource_type_whitelist': 'user' },
      { properties: { password: 'x' } },
      'RPC_INVALID_DATA',
    ],
  ])('is refused for %s', async (_what, settings, wish, code) => {
    await expect(make(settings, wish)).rejects.toMatchObject({ code });
  });

  test.each([
    { 'puppet.resource_type_whitelist': 'user' },
    { 'puppet.resource_type_blacklist': 'exec' },
    { 'puppet.resource_type_whitelist': 'user', 'puppet.resource_name_blacklist.user': 'root' },
  ])('comes as far as Puppet with %j', async (settings) => {
    await expect(make(settings)).rejects.toMatchObject({ code: 'PROGRAM_FAILED' });
  });

  test.each([
    [{}, { type: 'exec', name: 'x', properties: { command: 'y', unless: 'z', path: '/bin' } }],
    [{}, { type: 'service', name: 'x', properties: { start: 'y' } }],
    [
      { 'puppet.resource_name_whitelist.exec': '/bin/true,/bin/false' },
      { type: 'exec', name: '/bin/true', properties: { unless: '/bin/false', user: 'nobody' } },
    ],
  ])('comes as far as Puppet where exec is allowed by name, with %j and %j', async (settings, wish) => {
    const allowed = { 'puppet.resource_type_whitelist': 'exec,service', ...settings };
    await expect(make(allowed, wish)).rejects.toMatchObject({ code: 'PROGRAM_FAILED' });
  });

  test('says which setting would allow it', async () => {
    const wish = { type: 'exec', name: '/bin/true' };
    await expect(make({ 'puppet.resource_type_blacklist': 'user' }, wish)).rejects.toMatchObject({
      message:
        'by the type exec a caller becomes root, so no blacklist allows it: name exec in settings.puppet.resource_type_whitelist of this node to allow it',
    });
  });

  test('knows names of secrets', () => {
    expect(['password', 'db_password', 'token', 'private_key'].every(isSecretProperty)).toBe(true);
    expect(['password_max_age', 'key', 'ensure', 'tokens'].some(isSecretProperty)).toBe(false);
  });
});

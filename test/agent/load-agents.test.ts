import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadAgents } from '../../agent/load-agents.ts';
import { loadData } from '../../agent/load-data.ts';
import { tempDir } from './temp.ts';

const ZOD = JSON.stringify(import.meta.resolve('zod'));
const site = (name: string, ddl: string, actions: string) => `
import { z } from ${ZOD};
const nothing = z.strictObject({});
const echo = { description: 'd', display: 'always', input: nothing, output: nothing };
export default {
  ddl: { name: '${name}', description: 'd', version: '1', author: 'a', license: 'l', url: 'u', timeoutS: 5, actions: { ${ddl} } },
  activate: async () => true,
  actions: { ${actions} },
};
`;

async function folderWith(file: string, text: string): Promise<string> {
  const dir = await tempDir();
  await writeFile(join(dir, file), text);
  return dir;
}

describe('The agents', () => {
  test('of Muster are found by their files', async () => {
    expect([...(await loadAgents(undefined)).keys()]).toEqual([
      ...[
        'filemgr',
        'haproxy',
        'nagios',
        'nrpe',
        'package',
        'process',
        'provision',
        'puppet',
        'puppetca',
        'puppetral',
        'rpcutil',
        'service',
        'shell',
        'trust',
      ],
    ]);
  });

  test("of a site's folder come along", async () => {
    const dir = await folderWith('motd.mjs', site('motd', 'read: echo', 'read: async () => ({})'));
    expect((await loadAgents(dir)).get('motd')?.ddl.timeoutS).toBe(5);
  });

  test.each([
    ['motd.mjs', 'export default 1', 'is no agent'],
    ['motd.mjs', 'syntax error', 'does not load'],
    ['motd.mjs', site('other', 'read: echo', 'read: async () => ({})'), "'other', expected 'motd'"],
    ['motd.mjs', site('motd', 'read: echo', ''), "declares the action 'read', for which there is no code"],
    [
      'motd.mjs',
      site('motd', 'read: echo', 'read: async () => ({}), write: async () => ({})'),
      "'write' is not in its DDL",
    ],
    [
      'rpcutil.mjs',
      site('rpcutil', 'read: echo', 'read: async () => ({})'),
      'there is an agent rpcutil already',
    ],
  ])('are refused when something is wrong (%s, %#)', async (file, text, message) => {
    const dir = await folderWith(file, text);
    await expect(loadAgents(dir)).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['the file', (file: string) => [file, 0o664]],
    ['its folder', (_file: string, dir: string) => [dir, 0o777]],
  ] as const)('of a site run only when nobody else could write %s', async (_what, pick) => {
    const dir = await folderWith('motd.mjs', 'throw new Error("it was run");');
    const [path, mode] = pick(join(dir, 'motd.mjs'), dir) as [string, number];
    await chmod(path, mode);
    const refusal = {
      code: 'SECURITY_REJECTED',
      message: `${path} can be written by others (chmod go-w)`,
    };
    await expect(loadAgents(dir)).rejects.toMatchObject(refusal);
    await expect(loadData(dir)).rejects.toMatchObject(refusal);
  });
});

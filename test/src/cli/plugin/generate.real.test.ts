import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkPlugin } from '../../../../src/cli/lib/plugin/check.ts';
import { generateAgent } from '../../../../src/cli/lib/plugin/generate.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-plugin-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.each([
  ['python', 'hi there'],
  ['sh', 'hello from hello'],
] as const)(
  'an agent that is begun in %s loads, and its program answers as the protocol wants',
  async (language, said) => {
    const folder = join(dir, language);
    const [contract = '', program = ''] = await generateAgent({
      name: 'greet',
      actions: ['hello'],
      language,
      dir: folder,
    });
    expect(await checkPlugin(contract)).toMatchObject({
      kind: 'contract of an agent',
      name: 'greet',
      warnings: [],
    });
    const ask = (protocol: string, request: object) => {
      const files = {
        CHORIA_EXTERNAL_REQUEST: join(folder, 'in'),
        CHORIA_EXTERNAL_REPLY: join(folder, 'out'),
      };
      writeFileSync(files.CHORIA_EXTERNAL_REQUEST, JSON.stringify(request));
      const name = `io.choria.mcorpc.external.v1.${protocol}_request`;
      execFileSync(program, [], { env: { PATH: '/usr/bin:/bin', CHORIA_EXTERNAL_PROTOCOL: name, ...files } });
      return JSON.parse(readFileSync(files.CHORIA_EXTERNAL_REPLY, 'utf8'));
    };
    expect(ask('activation', { agent: 'greet' })).toEqual({ activate: true });
    const answered = { statuscode: 0, statusmsg: 'OK', data: { said } };
    expect(ask('rpc', { action: 'hello', data: { text: 'hi there' } })).toEqual(answered);
    expect(ask('rpc', { action: 'nosuch', data: {} })).toMatchObject({ statuscode: 2 });
  },
);

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { loadDataDdls, loadDdl, loadDdls } from '../../../../src/cli/lib/ddls.ts';
import { checkPlugin } from '../../../../src/cli/lib/plugin/check.ts';
import { agentDoc, dataDoc } from '../../../../src/cli/lib/plugin/doc.ts';
import { generateAgent } from '../../../../src/cli/lib/plugin/generate.ts';
import { lintDdl } from '../../../../src/core/ddl-lint.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-plugin-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const ROOT = new URL('../../../../', import.meta.url).pathname;

describe('an agent that is begun', () => {
  it('writes over nothing, and refuses a name that cannot be one', async () => {
    const wish = { name: 'twice', actions: ['a'], language: 'sh', dir } as const;
    await generateAgent(wish);
    await expect(generateAgent(wish)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(generateAgent({ ...wish, name: '../x' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(generateAgent({ ...wish, name: 'y', actions: ['a;b'] })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('a plug-in that is checked', () => {
  it.each([
    ['agent/agents/rpcutil.ts', 'agent', 'rpcutil'],
    ['agent/data/fact.ts', 'data plug-in', 'fact'],
    ['provisioners/lock.ts', 'step', 'lock'],
    ['notifiers/stdout.ts', 'notifier', 'stdout'],
    ['src/controller/pickers/criteria.ts', 'master picker', 'criteria'],
    ['src/trust/attestors/token.ts', 'attestor', 'token'],
  ])('is known by its verb: %s', async (file, kind, name) => {
    expect(await checkPlugin(join(ROOT, file))).toMatchObject({ kind, name });
  });

  it('is refused with the reason', async () => {
    const path = join(dir, 'odd.mjs');
    writeFileSync(path, 'export default { name: "odd" };\n');
    await expect(checkPlugin(path)).rejects.toThrow(/is no plug-in; expected one of step: run\(\)/);
    await expect(checkPlugin(join(dir, 'none.ts'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['scout', 'rpcutil'])(
    'is refused when it is external and has the name of another: %s',
    async (name) => {
      const folder = join(dir, 'taken');
      const [contract = ''] = await generateAgent({ name, actions: ['a'], language: 'sh', dir: folder });
      await expect(checkPlugin(contract)).rejects.toThrow(`the name '${name}' is that of an agent of`);
    },
  );

  it('is named when its contract has another name, or its program is missing', async () => {
    const [contract = ''] = await generateAgent({ name: 'alone', actions: ['a'], language: 'sh', dir });
    const other = join(dir, 'other.json');
    writeFileSync(other, readFileSync(contract));
    await expect(checkPlugin(other)).rejects.toThrow(/the name in it is 'alone', expected 'other'/);
    rmSync(join(dir, 'alone'));
    expect((await checkPlugin(contract)).warnings[0]).toMatch(/no program at .*alone or .*alone-linux_/);
  });
});

describe('the contract of an agent', () => {
  it("is found among the site's own", async () => {
    await generateAgent({ name: 'ours', actions: ['a'], language: 'sh', dir: join(dir, 'site') });
    expect((await loadDdl('ours', async () => join(dir, 'site'))).name).toBe('ours');
    expect((await loadDdls(join(dir, 'site'))).map(({ name }) => name)).toContain('ours');
    await expect(loadDdl('rpcutl')).rejects.toThrow(/did you mean 'rpcutil'/);
  });

  it('reads as text, with inputs, outputs and summaries', async () => {
    const text = agentDoc(await loadDdl('rpcutil')).join('\n');
    expect(text).toContain('\n   get_fact action:\n   ----------------\n');
    expect(text).toMatch(
      /fact:\n +Description: Name or path of the fact.*\n +Prompt: Fact\n +Type: string\n/,
    );
    expect(text).toContain('summary of collectives');
  });

  it('of a data plug-in reads as text, with its argument', async () => {
    const ddls = await loadDataDdls();
    const texts = ddls.map((ddl) => dataDoc(ddl).join('\n'));
    expect(texts.find((text) => text.startsWith('fact\n'))).toMatch(/QUERY:\n======\n {3}query:/);
    expect(texts.find((text) => text.startsWith('provision\n'))).toContain('called without an argument');
  });
});

test("no text in Muster's own contracts is without a maximum length and a pattern", async () => {
  for (const ddl of await loadDdls()) expect(lintDdl(ddl), ddl.name).toEqual([]);
});

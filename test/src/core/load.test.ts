import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importDefault, loadPlugin, loadPlugins, pluginFiles } from '../../../src/core/load.ts';
import type { Step } from '../../../src/core/step.ts';

// The plug-ins of a site lie outside the project: they find zod by its file, as they would by their own node_modules.
const ZOD = JSON.stringify(
  pathToFileURL(join(import.meta.dirname, '../../../node_modules/zod/index.js')).href,
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-load-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);

/** The text of a step that is right, but for what `changes` say. */
function stepText(name: string, changes: Record<string, string> = {}): string {
  const fields = {
    name: `'${name}'`,
    summary: `'Wait for nothing'`,
    options: 'z.strictObject({})',
    run: `async () => ({ outcome: 'done', detail: '' })`,
    ...changes,
  };
  const lines = Object.entries(fields).map(([key, value]) => `  ${key}: ${value},`);
  return `import { z } from ${ZOD};\nexport default {\n${lines.join('\n')}\n};\n`;
}

describe('a folder of plug-ins', () => {
  test('is loaded by name; tests, DDLs, declarations and other files are left alone', async () => {
    await write('wait_a.mjs', stepText('wait_a'));
    await write('wait_b.ts', stepText('wait_b', { run: `async (): Promise<object> => ({})` }));
    for (const name of ['x.test.ts', 'x.ddl.ts', 'x.d.ts', 'README.md', 'x.json'])
      await write(name, 'no code (');
    await mkdir(join(folder, 'lib'));
    expect(await pluginFiles(folder)).toEqual(['wait_a.mjs', 'wait_b.ts']);
    const steps = await loadPlugins<Step>(folder, 'run');
    expect([...steps.keys()]).toEqual(['wait_a', 'wait_b']);
    expect(steps.get('wait_a')?.summary).toBe('Wait for nothing');
  });

  test('that is not there is PLUGIN_INVALID and named', async () => {
    const loading = loadPlugins(join(folder, 'missing'), 'run');
    await expect(loading).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
    await expect(loading).rejects.toThrow(join(folder, 'missing'));
  });

  test('with one bad file is not loaded at all', async () => {
    await write('good.mjs', stepText('good'));
    await write('wrong.mjs', stepText('another'));
    await expect(loadPlugins(folder, 'run')).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
  });
});

describe('a file that is no plug-in is PLUGIN_INVALID, which names the file and the reason', () => {
  test.each([
    ['has another name than its file', stepText('another'), `its name is "another", expected 'bad'`],
    ['has no default export', 'export const bad = {};', 'has no default export'],
    [
      'has a default export that is no object',
      'export default () => 1;',
      'has no default export that is an object',
    ],
    ['has no summary', stepText('bad', { summary: `''` }), 'has no summary'],
    ['has options that are no schema', stepText('bad', { options: '{}' }), 'options'],
    ['lacks the verb of its kind', stepText('bad', { run: 'undefined' }), 'has no function run()'],
    ['throws when it is loaded', 'throw new Error("early");', 'does not load: early'],
    ['is no code', 'export default {', 'does not load'],
  ])('%s', async (_title, text, reason) => {
    await write('bad.mjs', text);
    const loading = loadPlugin<Step>(join(folder, 'bad.mjs'), 'run');
    await expect(loading).rejects.toMatchObject({ code: 'PLUGIN_INVALID', retryable: false });
    await expect(loading).rejects.toThrow(join(folder, 'bad.mjs'));
    await expect(loading).rejects.toThrow(reason);
  });

  test('is not there', async () => {
    await expect(loadPlugin(join(folder, 'none.mjs'), 'run')).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
    });
  });

  test('is of another kind', async () => {
    await write('step.mjs', stepText('step'));
    await expect(loadPlugin(join(folder, 'step.mjs'), 'send')).rejects.toThrow('has no function send()');
  });
});

test('what a module exports by default is given as it is', async () => {
  await write('seven.mjs', 'export default 7;');
  await write('none.mjs', 'export const a = 1;');
  expect(await importDefault(join(folder, 'seven.mjs'))).toBe(7);
  expect(await importDefault(join(folder, 'none.mjs'))).toBeUndefined();
});

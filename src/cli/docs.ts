import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { commandsPage } from './lib/docs/commands.ts';
import { say } from './lib/output.ts';

/** `muster docs`: the generated half of docs/, written or compared. */
export default {
  name: 'docs',
  seesAll: true,
  register(program: Command): void {
    program
      .command('docs')
      .description('write the reference pages that are made from the code, or check that they are in step')
      .option('--write <folder>', 'write them')
      .option('--check <folder>', 'exit with 1 when a page there differs')
      .action(async (options: { write?: string; check?: string }) => {
        const pages = await makePages(program);
        if (options.write !== undefined) await writePages(options.write, pages);
        else if (options.check !== undefined) await checkPages(options.check, pages);
        else throw new MusterError('USAGE', 'give --write FOLDER or --check FOLDER');
      });
  },
} satisfies CliCommand;

async function makePages(program: Command): Promise<ReadonlyMap<string, string>> {
  const { agentsPage, configPage, errorsPage, pluginsPage } = await import('./lib/docs/pages.ts');
  const { loadAllPlugins } = await import('./lib/plugins.ts');
  const { loadDdls } = await import('./lib/ddls.ts');
  return new Map([
    ['config.md', configPage()],
    ['errors.md', errorsPage()],
    ['plugins.md', pluginsPage(await loadAllPlugins({ plugins: {} }))],
    ['agents.md', agentsPage(await loadDdls())],
    ['commands.md', commandsPage(program)],
  ]);
}

async function writePages(folder: string, pages: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of pages) await writeFile(join(folder, name), text);
  say(`wrote ${[...pages.keys()].join(', ')} in ${folder}`);
}

async function checkPages(folder: string, pages: ReadonlyMap<string, string>): Promise<void> {
  const stale: string[] = [];
  for (const [name, text] of pages) {
    const there = await readFile(join(folder, name), 'utf8').catch(() => '');
    if (there !== text) stale.push(name);
  }
  if (stale.length > 0)
    throw new MusterError(
      'CONFLICT',
      `${folder}: out of step with the code: ${stale.join(', ')}; run npm run docs`,
    );
  say(`${pages.size} pages are in step with the code`);
}

import type { Command } from 'commander';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

/** `muster bundle`: what a mirror serves to new instances. */
export default {
  name: 'bundle',
  register(program: Command): void {
    program
      .command('bundle')
      .description('write the daemon as one file, with its Node and checksums, for an HTTPS mirror')
      .option('--out <folder>', 'where to write it', 'dist/bundle')
      .option('--json', 'print one JSON document')
      .action(async (options: { out: string; json?: true }) => {
        const { buildBundle } = await import('../../agent/bundle.ts');
        const manifest = await buildBundle(options.out);
        if (options.json) sayJson(manifest);
        else
          for (const [name, file] of Object.entries(manifest.files))
            say(`${file.sha256}  ${options.out}/${name} (${file.bytes} bytes)`);
      });
  },
} satisfies CliCommand;

import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { say } from './lib/output.ts';

/** `muster completion`: prints what a shell needs to complete; `muster complete` is what it then asks. */
export default {
  name: 'completion',
  seesAll: true,
  register(program: Command): void {
    program
      .command('completion')
      .description('print the completion of a shell, e.g. in ~/.bashrc: source <(muster completion bash)')
      .argument('<shell>', 'bash or zsh')
      .action(completion);
    program
      .command('complete', { hidden: true })
      .description('list what may stand at a place of a command line')
      .argument('<at>', 'which word, from 0')
      .argument('[words...]', 'the command line, after --')
      .action((at: string, words: string[]) => complete(program, Number(at), words));
  },
} satisfies CliCommand;

async function completion(shell: string): Promise<void> {
  const { SHELLS } = await import('./lib/completion/shells.ts');
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined)
    throw new MusterError('USAGE', `'${shell}' is no shell that Muster completes in; expected bash or zsh`);
  say(script);
}

async function complete(program: Command, at: number, words: readonly string[]): Promise<void> {
  const { candidates } = await import('./lib/completion/candidates.ts');
  for (const word of await candidates(program, words, at)) say(word);
}

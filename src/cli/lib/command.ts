import type { Command } from 'commander';

/** One command of the command line: the default export of a file of its name. */
export interface CliCommand {
  readonly name: string;
  /** It tells of all commands, so all have to be there. */
  readonly seesAll?: true;
  /** Adds the command, its options and what it does; heavy modules are imported when it runs. */
  register(program: Command): void;
}

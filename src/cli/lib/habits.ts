import type { Command } from 'commander';
import { words } from './words.ts';

/** Names of options that users of MCollective and Choria have in their fingers. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '--wf': '--with-fact',
  '--wc': '--with-class',
  '--wa': '--with-agent',
  '--wi': '--with-identity',
  '--ws': '--select',
  '--ln': '--limit',
  '--limit-nodes': '--limit',
  '--discovery-timeout': '--dt',
  '--discovery-method': '--dm',
  '--discovery-option': '--do',
};

/** The command that a command line names, as far as it is known; null before there is one. Pure. */
export function commandOf(program: Command, argv: readonly string[]): Command | null {
  let found: Command | null = null;
  for (const word of argv) {
    const inner: Command | undefined = (found ?? program).commands.find(
      (one) => one.name() === word || one.aliases().includes(word),
    );
    if (inner === undefined) return found;
    found = inner;
  }
  return found;
}

/** Does the command ask nodes? Then it takes filters, and ends with MCollective's exit codes. Pure. */
export function asksNodes(command: Command | null): boolean {
  return command?.options.some(({ long }) => long === '--with-identity') ?? false;
}

/**
 * A command line with the options of `$MUSTER_EXTRA_OPTS` and in our own names, when its command asks nodes. Throws USAGE for a quote
 * without end in `extra`. Pure. *Source:* MCollective's MCOLLECTIVE_EXTRA_OPTS.
 */
export function inOurNames(command: Command | null, argv: readonly string[], extra: string): string[] {
  if (!asksNodes(command)) return [...argv];
  const [name = '', ...rest] = argv;
  return [name, ...words(extra), ...rest].map((word) => OTHER_NAMES[word] ?? word);
}

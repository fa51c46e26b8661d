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

/** `help puppet status` as `puppet status --help`, so that both say the same; `help nosuch` as `nosuch`, which is refused. Pure. */
export function helpAsOption(program: Command, argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  if (first !== 'help' || rest.length === 0) return argv;
  return commandOf(program, rest) === null ? rest : [...rest, '--help'];
}

/** Does the command, or one in it, ask nodes? Then it takes filters, and ends with MCollective's exit codes. Pure. */
export function asksNodes(command: Command | null): boolean {
  if (command === null || command.parent === null) return false;
  return hasFilters(command) || command.commands.some(hasFilters);
}

function hasFilters(command: Command): boolean {
  return command.options.some(({ long }) => long === '--with-identity');
}

/**
 * A command line with the options of `$MUSTER_EXTRA_OPTS` and in our own names, when its command asks nodes; of `puppet -W web status`
 * the word `status` comes to the front. Throws USAGE for a quote without end in `extra`. Pure.
 * *Source:* MCollective's MCOLLECTIVE_EXTRA_OPTS; its options may stand anywhere.
 */
export function inOurNames(command: Command | null, argv: readonly string[], extra: string): string[] {
  if (command === null || !asksNodes(command)) return [...argv];
  const path = namesTo(command);
  const ours = argv.slice(path.length).map(ourName);
  const more = words(extra).map(ourName);
  const at = command.commands.length === 0 ? -1 : firstWord(command, ours);
  if (at === -1) return [...path, ...(command.commands.length === 0 ? more : []), ...ours];
  return [...path, ours[at] ?? '', ...more, ...ours.toSpliced(at, 1)];
}

/** `puppet status` of the command `muster puppet status`; null where none is known. Pure. */
export function commandPath(command: Command | null): string | null {
  return command === null ? null : namesTo(command).join(' ');
}

function namesTo(command: Command): string[] {
  return command.parent === null ? [] : [...namesTo(command.parent), command.name()];
}

function ourName(word: string): string {
  const [name = '', ...value] = word.split('=');
  return [OTHER_NAMES[name] ?? name, ...value].join('=');
}

/** Where the first word is that is neither an option of the commands in this one nor the value of one; -1 without one. */
function firstWord(group: Command, argv: readonly string[]): number {
  const options = group.commands.flatMap((inner) => inner.options);
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) return at;
    if (options.some(({ short, long, required }) => required && (word === short || word === long))) at += 1;
  }
  return -1;
}

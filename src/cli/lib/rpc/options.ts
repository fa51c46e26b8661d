import { type Command, Option } from 'commander';
import { MusterError } from '../../../core/errors.ts';
import { type FilterOptions, withFilterOptions } from '../ask-options.ts';
import type { Display } from './reply-text.ts';

/** Options of commands that print replies. */
export interface RpcOptions extends FilterOptions {
  readonly display?: Exclude<Display, 'ddl'>;
  readonly jsonl?: true;
  readonly table?: true;
  readonly senders?: true;
  readonly sort?: true;
  readonly outputFile?: string;
  readonly filterReplies?: string;
}

/** Forms of the output that exclude each other; `--senders --json` is one of its own. */
const FORMS = ['json', 'jsonl', 'table'] as const;

/** Adds the filters and what says how replies are printed. *Source:* `mco rpc`, `choria req`. */
export function withRpcOptions(command: Command): Command {
  return withFilterOptions(command, 'print every reply as it came, and statistics')
    .addOption(
      new Option('--display <which>', "replies to print (default: as the agent's DDL says)").choices([
        'ok',
        'failed',
        'all',
        'none',
      ]),
    )
    .option('--jsonl', 'print a line of JSON for each reply, as it comes')
    .option('--table', 'print good replies as a table')
    .option('--senders', 'print the names of those who answered well, nothing else')
    .option('--sort', 'print replies sorted by name, when all have come')
    .option('-o, --output-file <file>', 'print into this file')
    .option('--filter-replies <filter>', "print and count only these: 'ok and data.count>3', 'code!=0'");
}

/** Throws USAGE for forms that exclude each other. Pure. */
export function checkRpcOptions(options: RpcOptions): void {
  const given = FORMS.filter((form) => options[form] === true);
  if (options.senders === true) given.push(...given.splice(0).filter((form) => form !== 'json'));
  const all = [...given, ...(options.senders === true ? ['senders'] : [])];
  if (all.length > 1)
    throw new MusterError(
      'USAGE',
      `${all.map((form) => `--${form}`).join(' and ')} cannot be given together`,
    );
}

/** Is nothing but the result to be printed? Pure. */
export function isForPrograms({ json, jsonl, senders, quiet }: RpcOptions): boolean {
  return json === true || jsonl === true || senders === true || quiet === true;
}

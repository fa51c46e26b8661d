import type { Command, Option } from 'commander';
import { z } from 'zod';
import { unwrap } from '../../../core/config/explain.ts';
import type { Ddl, DdlAction } from '../../../core/ddl.ts';
import { DISCOVERY_METHODS } from '../ask-options.ts';
import { loadDataDdls, loadDdl, loadDdls } from '../ddls.ts';
import { type SiteOptions, siteAgentsDir } from '../settings.ts';

/**
 * What may stand at word `at` of a command line, sorted: commands, options and their values, agents, actions and inputs from the
 * DDL. Bash splits at `=`, so `fact=web` may come as three words. Nothing: the shell's own files. Never rejects.
 */
export async function candidates(program: Command, words: readonly string[], at: number): Promise<string[]> {
  const current = words[at] ?? '';
  const place = walk(program, words.slice(1, at));
  const known = await possible(place, words.slice(0, at + 1)).catch(() => []);
  const typed = current === '=' ? '' : current;
  return [...new Set(known)].filter((word) => word.startsWith(typed)).sort();
}

const SITE_OPTIONS = ['--config', '--agents-dir'];

interface Place {
  readonly command: Command;
  readonly positionals: readonly string[];
  /** The option whose value stands here. */
  readonly option: Option | null;
  /** What was typed of those that say where the site's contracts are. */
  readonly site: SiteOptions;
}

/** Which command the words have reached, what was given to it, and which option waits for its value. */
function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | null = null;
  const positionals: string[] = [];
  let site: SiteOptions = {};
  for (const word of words) {
    if (option !== null) {
      site = withSite(site, option, word);
      option = null;
      continue;
    }
    if (word.startsWith('-')) {
      const found = command.options.find(({ short, long }) => word === short || word === long);
      option = found?.required === true ? found : null;
      continue;
    }
    const inner = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (inner !== undefined && positionals.length === 0) command = inner;
    else positionals.push(word);
  }
  return { command, positionals, option, site };
}

function withSite(site: SiteOptions, option: Option, word: string): SiteOptions {
  return SITE_OPTIONS.includes(option.long ?? '') ? { ...site, [option.attributeName()]: word } : site;
}

async function possible(place: Place, words: readonly string[]): Promise<string[]> {
  const { command, positionals, option, site } = place;
  const current = words.at(-1) ?? '';
  if (option !== null) return valuesOf(option, site);
  if (current.startsWith('-'))
    return command.options.filter((one) => !one.hidden).map((one) => one.long ?? '');
  if (command.name() === 'rpc') return rpcWords(place, words);
  if (command.parent?.name() === 'plugin' && positionals.length === 0)
    return pluginWords(command.name(), site);
  if (command.name() === 'service' || command.name() === 'package')
    return twoOrderWords(command.name(), positionals);
  if (command.name() === 'data' && positionals.length === 0) return namesOf(loadDataDdls());
  if (command.name() === 'completion') return ['bash', 'zsh'];
  const help = command.name() === 'help' ? command.parent : null;
  return (help ?? command)
    .createHelp()
    .visibleCommands(help ?? command)
    .map((one) => one.name());
}

async function valuesOf(option: Option, site: SiteOptions): Promise<string[]> {
  if (option.argChoices !== undefined) return option.argChoices;
  if (option.long === '--dm') return [...DISCOVERY_METHODS];
  if (option.long === '--with-agent') return namesOf(siteDdls(site));
  return [];
}

/** An action in the first place or the second; where a name belongs, nobody knows it. */
async function twoOrderWords(agent: string, positionals: readonly string[]): Promise<string[]> {
  const actions = Object.keys((await loadDdl(agent)).actions);
  return positionals.length > 1 || positionals.some((one) => actions.includes(one)) ? [] : actions;
}

/** Of `plugin doc` every contract, agents also by their bare names; of `plugin export` agents. Files are the shell's. */
async function pluginWords(command: string, site: SiteOptions): Promise<string[]> {
  if (command !== 'doc' && command !== 'export') return [];
  const agents = await namesOf(siteDdls(site));
  if (command === 'export') return agents;
  const data = await namesOf(loadDataDdls());
  return [...agents, ...agents.map((name) => `agent/${name}`), ...data.map((name) => `data/${name}`)];
}

/** Agent, action, then inputs that were not given yet, or the values of one. */
async function rpcWords(
  { positionals: [agent, action, ...given], site }: Place,
  words: readonly string[],
): Promise<string[]> {
  if (agent === undefined) return namesOf(siteDdls(site));
  const { actions } = await loadDdl(agent, () => siteDir(site));
  if (action === undefined) return Object.keys(actions);
  const spec = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (spec === undefined) return [];
  const [before, current] = [words.at(-2), words.at(-1)];
  const input = current === '=' ? before : before === '=' ? words.at(-3) : undefined;
  if (input !== undefined) return inputValues(spec, input);
  const [key, value] = (current ?? '').split('=');
  if (value !== undefined) return inputValues(spec, key ?? '').map((one) => `${key}=${one}`);
  return Object.keys(spec.input.shape)
    .filter((name) => !given.some((text) => text === name || text.startsWith(`${name}=`)))
    .map((name) => `${name}=`);
}

function inputValues(spec: DdlAction, key: string): string[] {
  const field = Object.hasOwn(spec.input.shape, key) ? spec.input.shape[key] : undefined;
  const type = field === undefined ? undefined : unwrap(field);
  if (type instanceof z.ZodBoolean) return ['true', 'false'];
  return type instanceof z.ZodEnum ? type.options.map(String) : [];
}

/** A config that is wrong is no reason to complete nothing. */
async function siteDir(site: SiteOptions): Promise<string | undefined> {
  return siteAgentsDir(site).catch(() => undefined);
}

async function siteDdls(site: SiteOptions): Promise<readonly Ddl[]> {
  // One contract that does not load is no reason to complete none.
  return loadDdls(await siteDir(site)).catch(() => loadDdls(undefined));
}

async function namesOf(contracts: Promise<readonly { readonly name: string }[]>): Promise<string[]> {
  return (await contracts).map(({ name }) => name);
}

import { MusterError } from '../../../core/errors.ts';
import { amongKnown } from '../../../core/nearest.ts';
import {
  DISCOVERY_METHODS,
  type DiscoveryMethodName,
  type FilterOptions,
  METHOD_ALIASES,
} from '../ask-options.ts';
import type { Finder, Wanted } from './finder.ts';

/** cron and ssh give an empty pipe to every command, so it cannot mean that nobody is meant. */
const EMPTY_PIPE = 'nothing came through the pipe, so all nodes are meant; --nodes - would mean nobody\n';

/**
 * How the nodes of a command are found: as `--dm` says; else from `--nodes`, from what another command pipes into us, from exact
 * names, or from the registry. Reads files and standard input. Throws USAGE.
 */
export async function chooseFinder(options: FilterOptions, wanted: Wanted): Promise<Finder> {
  const { dm, nodes } = options;
  if (dm !== undefined) return make(methodBeside(nodes, dm), options, wanted);
  if (nodes !== undefined) return make(nodes === '-' ? 'stdin' : 'file', options, wanted);
  const { isPiped, readStdin, stdinFinder } = await import('./stdin.ts');
  const piped = wanted.filter.names.length === 0 && isPiped() ? await readStdin() : null;
  if (piped !== null && piped.trim() !== '') return stdinFinder(piped);
  if (piped !== null && wanted.filter.empty && options.json !== true && options.quiet !== true)
    process.stderr.write(EMPTY_PIPE);
  return make(wanted.filter.namesOnly ? 'identities' : 'registry', options, wanted);
}

/** The method that was typed, beside `--nodes`: whoever names nodes must not ask others. */
function methodBeside(nodes: string | undefined, dm: string): DiscoveryMethodName {
  const method = methodNamed(dm);
  if (nodes === undefined || method === (nodes === '-' ? 'stdin' : 'file')) return method;
  throw new MusterError('USAGE', `--nodes ${nodes} and --dm ${dm} cannot be given together; leave out --dm`);
}

async function make(method: DiscoveryMethodName, { nodes }: FilterOptions, wanted: Wanted): Promise<Finder> {
  checkMethodOptions(method, Object.keys(wanted.options));
  switch (method) {
    case 'registry':
      return (await import('./registry.ts')).registryFinder(wanted);
    case 'broadcast':
      return (await import('./broadcast.ts')).broadcastFinder(wanted);
    case 'identities':
      return (await import('./identities.ts')).identitiesFinder(wanted);
    case 'external':
      return (await import('./external.ts')).externalFinder(wanted);
    case 'stdin': {
      const { readStdin, stdinFinder } = await import('./stdin.ts');
      return stdinFinder(await readStdin());
    }
    case 'file': {
      const { file } = wanted.options;
      if (nodes !== undefined && file !== undefined)
        throw new MusterError('USAGE', `--nodes ${nodes} and --do file=${file} cannot be given together`);
      const path = nodes ?? file;
      if (path === undefined) throw new MusterError('USAGE', '--dm file needs a file: --nodes FILE');
      if (path === '')
        throw new MusterError('USAGE', "--nodes is ''; expected a file, or - for standard input");
      return (await import('./file.ts')).fileFinder(path);
    }
  }
}

/** The program of `external` gets options that Muster does not know. */
function checkMethodOptions(method: DiscoveryMethodName, given: readonly string[]): void {
  const known = method === 'file' ? ['file'] : [];
  const odd = method === 'external' ? undefined : given.find((name) => !known.includes(name));
  if (odd === undefined) return;
  throw new MusterError(
    'USAGE',
    `--do ${odd}: the method ${method} has no such option${amongKnown(odd, known, 'it has')}`,
  );
}

function methodNamed(text: string): DiscoveryMethodName {
  const found = DISCOVERY_METHODS.find((name) => name === text) ?? METHOD_ALIASES[text];
  if (found !== undefined) return found;
  throw new MusterError('USAGE', `--dm is '${text}'${amongKnown(text, DISCOVERY_METHODS, 'expected')}`);
}

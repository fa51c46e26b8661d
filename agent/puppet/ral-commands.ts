import type { WantedResource } from './ral.ts';

/**
 * Types by which whoever may make one becomes root, because they run commands or write any file by design. They are allowed by name
 * alone, never by what a list of denied types leaves out. *Source:* types of Puppet 7.23 and of the modules that most sites have.
 */
const AS_ROOT: ReadonlySet<string> = new Set([
  ...['exec', 'cron', 'scheduled_task', 'ssh_authorized_key', 'file', 'augeas'],
  ...['file_line', 'concat_file', 'concat_fragment', 'ini_setting', 'archive', 'vcsrepo'],
]);

/** Properties of other types that are, or choose, something that Puppet runs as root (a package of another provider is another's). *Source:* types of Puppet 7.23. */
const COMMANDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['file', ['validate_cmd']],
  ['service', ['start', 'stop', 'restart', 'status', 'binary', 'control', 'manifest', 'path']],
  [
    'package',
    ['command', 'source', 'adminfile', 'responsefile', 'install_options', 'uninstall_options', 'provider'],
  ],
]);

/** What decides which program an exec runs, beside its commands. */
const AROUND_EXEC: readonly string[] = ['environment', 'path', 'cwd', 'provider'];

/** Does this type have to be allowed by its own name? Pure. */
export function isAsRoot(type: string): boolean {
  return AS_ROOT.has(type);
}

/** The first property by which a resource has a command run although its type is none of commands; undefined when there is none. Pure. */
export function commandIn({ type, properties }: WantedResource): string | undefined {
  return COMMANDS.get(type)?.find((name) => Object.hasOwn(properties, name));
}

/** The first property by which an exec with an allowed command would run something else. Pure. */
export function detourIn({ type, properties }: WantedResource): string | undefined {
  return type === 'exec' ? AROUND_EXEC.find((name) => Object.hasOwn(properties, name)) : undefined;
}

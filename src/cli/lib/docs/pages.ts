import type { z } from 'zod';
import { ControllerConfig } from '../../../core/config/controller.ts';
import { DaemonConfig } from '../../../core/config/daemon.ts';
import type { Ddl } from '../../../core/ddl.ts';
import { ERROR_CODES } from '../../../core/error-codes.ts';
import type { Notifier } from '../../../core/notifier.ts';
import type { Plugin } from '../../../core/plugin.ts';
import type { Step } from '../../../core/step.ts';
import type { Plugins } from '../plugins.ts';
import { schemaRows, schemaTable } from './schema.ts';

const MADE = '<!-- made by `npm run docs` from the code; edit the code -->\n';

/** Every setting of controller and daemon. Pure. */
export function configPage(): string {
  return [
    MADE,
    '# Settings',
    '',
    'A config is one YAML file; `conf.d/*.yaml` beside it, then the environment, then `--set key=value` override it.',
    'The variable for `a.b` is `MUSTER_A__B`. An unknown key, a wrong type or a missing value stops the program with',
    'exit code 2 and one line for each problem: file and line, key, value, what was expected.',
    '',
    '## Controller and operator commands (`/etc/muster/muster.yaml`)',
    '',
    schemaTable(schemaRows(ControllerConfig)),
    '## Daemon (`/etc/muster/daemon.yaml`)',
    '',
    'Settings of agents may be in files of their own, one an agent, in `plugin.d` beside `daemon.yaml`: the line `b = c` in',
    '`plugin.d/a.cfg`, or `b: c` in `plugin.d/a.yaml`, is `settings: { a.b: c }`. They are stronger than `daemon.yaml` and',
    '`conf.d`, weaker than the environment (`MUSTER_SETTINGS__A__B`) and `--set settings.a.b=c`. See [facts and agents](facts.md).',
    '',
    schemaTable(schemaRows(DaemonConfig)),
  ].join('\n');
}

/** The error table. Pure. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.retryable ? 'yes' : 'no'} | ${entry.exit} | ${entry.cause} | ${entry.next} |`,
  );
  return [
    MADE,
    '# Errors',
    '',
    'Every failure has one of these codes, in logs, on the screen, in notices and in `--json`.',
    '"Tried again" says whether Muster itself tries the same thing again.',
    '',
    '| code | tried again | exit code | cause | what to do |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Steps, notifiers, pickers and attestors with their options. Pure. */
export function pluginsPage(plugins: Plugins): string {
  const kind = (
    title: string,
    folder: string,
    map: ReadonlyMap<string, Plugin<unknown>>,
    more: (p: Plugin<unknown>) => string,
  ): string[] => [
    `## ${title} (\`${folder}/\`)`,
    '',
    ...[...map.values()].flatMap((plugin) => [
      `### ${plugin.name}`,
      '',
      `${plugin.summary}.${more(plugin)}`,
      '',
      optionsOf(plugin.options),
    ]),
  ];
  return [
    MADE,
    '# Plug-ins',
    '',
    'One file each; the name of the file is the name. A folder of your own is named by `plugins.*_dir`.',
    '',
    ...kind('Steps', 'provisioners', plugins.steps, stepFacts),
    ...kind('Notifiers', 'notifiers', plugins.notifiers, notifierFacts),
    ...kind('Master pickers', 'src/controller/pickers', plugins.pickers, () => ''),
    ...kind('Attestors', 'src/trust/attestors', plugins.attestors, () => ''),
  ].join('\n');
}

function stepFacts(plugin: Plugin<unknown>): string {
  const step = plugin as Step;
  return ` Ends within ${step.timeoutS} s${step.needsMasterSlot ? ', holds a slot of the master' : ''}.`;
}

function notifierFacts(plugin: Plugin<unknown>): string {
  const { limits } = plugin as Notifier;
  return ` Subject up to ${limits.subjectChars} characters, body up to ${limits.bodyChars}, ${limits.perMinute} messages a minute.`;
}

function optionsOf(options: z.ZodType): string {
  return schemaTable(schemaRows(options)).replace('No settings.', 'No options.');
}

/** Every agent and action from its DDL. Pure. */
export function agentsPage(ddls: readonly Ddl[]): string {
  const action = ([name, spec]: [string, Ddl['actions'][string]]): string[] => [
    `### ${name}`,
    '',
    `${spec.description}.`,
    '',
    '**Input**',
    '',
    schemaTable(schemaRows(spec.input)).replace('No settings.', 'Nothing.'),
    '**Output**',
    '',
    schemaTable(schemaRows(spec.output)).replace('No settings.', 'Nothing.'),
  ];
  const agent = (ddl: Ddl): string[] => [
    `## ${ddl.name}`,
    '',
    `${ddl.description}. Version ${ddl.version}, time-out ${ddl.timeoutS} s.`,
    '',
    ...settingsTable(ddl),
    ...Object.entries(ddl.actions).flatMap(action),
  ];
  return [MADE, '# Agents', '', ...ddls.flatMap(agent)].join('\n');
}

/** What the daemon's config may hold for an agent. */
function settingsTable({ name, settings }: Ddl): string[] {
  if (settings === undefined) return [];
  const rows = schemaRows(settings).map((row) => ({ ...row, key: `${name}.${row.key}` }));
  return ['**Settings** (in `settings` of the daemon, as texts)', '', schemaTable(rows)];
}

import type { Ddl, DdlAction } from '../../../core/ddl.ts';
import { changesNodes } from '../ask-plan.ts';
import { schemaRows } from '../docs/schema.ts';

/** What an agent can do: its actions, a line each. Pure. */
export function agentHelp(ddl: Ddl): string[] {
  const width = Math.max(...Object.keys(ddl.actions).map((name) => name.length));
  const actions = Object.entries(ddl.actions).map(
    ([name, { description }]) => `  ${name.padEnd(width)}  ${description}`,
  );
  return [
    `${ddl.name}: ${ddl.description}`,
    '',
    'Actions:',
    ...actions,
    '',
    `muster rpc ${ddl.name} ACTION --help shows its inputs`,
  ];
}

/** How an action is called and what it gives. Pure. */
export function actionHelp(ddl: Ddl, name: string, spec: DdlAction): string[] {
  const inputs = schemaRows(spec.input);
  const wanted = inputs.map(({ key, fallback }) => (fallback === '**required**' ? `${key}=…` : `[${key}=…]`));
  const change = changesNodes(spec) ? '; it changes nodes' : '';
  return [
    `Usage: muster rpc ${[ddl.name, name, ...wanted].join(' ')}`,
    '',
    `${spec.description}${change}`,
    '',
    ...part(
      'Inputs:',
      inputs.map(({ key, type, fallback, description }) => [key, type, required(fallback), description]),
    ),
    ...part(
      'Outputs:',
      schemaRows(spec.output).map(({ key, type, description }) => [key, type, '', description]),
    ),
    `Ends within ${ddl.timeoutS} s on each node`,
  ];
}

function required(fallback: string): string {
  const plain = fallback.replaceAll('`', '');
  if (plain === '**required**') return 'required';
  return plain === 'none' ? 'optional' : `default ${plain}`;
}

function part(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const widths = [0, 1].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').replaceAll('`', '').length)),
  );
  const lines = rows.map(([key = '', type = '', need = '', about = '']) => {
    const head = `  ${key.padEnd(widths[0] ?? 0)}  ${type.replaceAll('`', '').padEnd(widths[1] ?? 0)}`;
    return [head, ...[need, about].filter((text) => text !== '')].join('  ').trimEnd();
  });
  return [title, ...lines, ''];
}

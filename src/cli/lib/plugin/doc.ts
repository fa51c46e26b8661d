import { z } from 'zod';
import type { ContractHead } from '../../../core/contract.ts';
import type { DataDdl } from '../../../core/data.ts';
import type { Ddl, DdlAction } from '../../../core/ddl.ts';
import { type FieldText, inputsOf, outputsOf } from '../../../core/ddl-json/write.ts';

type Lines = string[];

/** A contract of an agent as text, for people. Pure. *Source:* `mco plugin doc`. */
export function agentDoc(ddl: Ddl): Lines {
  const names = Object.keys(ddl.actions).sort();
  return [
    ...headOf(ddl),
    'ACTIONS:',
    '========',
    `   ${names.join(', ')}`,
    '',
    ...names.flatMap((name) => {
      const action = ddl.actions[name];
      return action === undefined ? [] : actionDoc(name, action);
    }),
  ];
}

/** A contract of a data plug-in as text, for people. Pure. */
export function dataDoc(ddl: DataDdl): Lines {
  const query = ddl.query === null ? {} : inputsOf(z.strictObject({ query: ddl.query }));
  return [
    ...headOf(ddl),
    'QUERY:',
    '======',
    ...(ddl.query === null ? ['   none: it is called without an argument', ''] : fieldsDoc(query, '   ')),
    'OUTPUT:',
    '=======',
    ...fieldsDoc(outputsOf(ddl.output), '   '),
    `In a filter: ${ddl.name}(${ddl.query === null ? '' : "'…'"}).${Object.keys(ddl.output.shape)[0] ?? ''}=…`,
  ];
}

function headOf({ name, description, author, version, license, timeoutS, url }: ContractHead): Lines {
  const rows = [
    ['Author', author],
    ['Version', version],
    ['License', license],
    ['Timeout', `${timeoutS} s`],
    ['Home Page', url],
  ] as const;
  return [
    name,
    '='.repeat(name.length),
    '',
    description,
    '',
    ...rows.map(([label, value]) => `${label.padStart(12)}: ${value}`),
    '',
  ];
}

function actionDoc(name: string, action: DdlAction): Lines {
  const title = `${name} action:`;
  const sums = (action.aggregate ?? []).map((one) => `          ${one.function} of ${one.output}`);
  return [
    `   ${title}`,
    `   ${'-'.repeat(title.length)}`,
    `       ${action.description}`,
    '',
    '       INPUT:',
    ...fieldsDoc(inputsOf(action.input), '           '),
    '       OUTPUT:',
    ...fieldsDoc(outputsOf(action.output), '           '),
    ...(sums.length === 0 ? [] : ['       SUMMARY:', ...sums, '']),
  ];
}

const LABELS: readonly (readonly [keyof FieldText, string])[] = [
  ['description', 'Description'],
  ['prompt', 'Prompt'],
  ['display_as', 'Display As'],
  ['type', 'Type'],
  ['optional', 'Optional'],
  ['default', 'Default Value'],
  ['validation', 'Validation'],
  ['maxlength', 'Length'],
  ['list', 'Valid Values'],
];

function fieldsDoc(fields: Readonly<Record<string, FieldText>>, indent: string): Lines {
  const all = Object.entries(fields);
  if (all.length === 0) return [`${indent}none`, ''];
  return all.flatMap(([name, field]) => [
    `${indent}${name}:`,
    ...LABELS.flatMap(([key, label]) => {
      const value = field[key];
      if (value === undefined || (key === 'maxlength' && value === 0)) return [];
      return [`${indent}  ${label.padStart(14)}: ${shown(value)}`];
    }),
    '',
  ]);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

import ts from 'typescript';
import { ERROR_CODES } from '../../src/core/error-codes.ts';
import { place, type Source, walk } from './sources.ts';

const MAX_LINES = 250;

const WAIVER =
  /(?:biome|oxlint|c8|v8|istanbul)[- ](?:ignore)|eslint-(?:disable)|@ts-(?:ignore|expect-error|nocheck)/;

/** Programs read their environment where they begin; everybody else is handed what it needs. */
const READS_ENVIRONMENT = /^(src\/cli\/|src\/core\/config\/|agent\/main\.ts$|infra\/|test\/)/;

/** Disabled rules, left-out tests and `any`, as `path:line: what`. Pure. */
export function waivers(files: readonly Source[]): string[] {
  return files.flatMap((file) => {
    const found = file.text
      .split('\n')
      .flatMap((line, index) => (WAIVER.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : []));
    walk(file.tree, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${place(file, node)}: any`);
      if (isLeftOut(node))
        found.push(`${place(file, node)}: a test that does not run, or keeps others from it`);
    });
    return found;
  });
}

/** `test.skip`, `describe.only` and the like. */
function isLeftOut(node: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(node) || !['skip', 'only', 'todo', 'fails'].includes(node.name.text))
    return false;
  return /^(test|it|describe|suite)\b/.test(node.expression.getText());
}

/** Files that are too long to be one idea, as `path: lines`. Pure. */
export function tooLong(files: readonly Source[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${MAX_LINES}`);
}

/** Error codes that no file but the table names. Pure. */
export function unusedCodes(files: readonly Source[]): string[] {
  const used = new Set<string>();
  for (const file of files) {
    if (file.path === 'src/core/error-codes.ts') continue;
    walk(file.tree, (node) => void (ts.isStringLiteralLike(node) && used.add(node.text)));
  }
  return Object.keys(ERROR_CODES).filter((code) => !used.has(code));
}

/** Reads of the environment away from where programs begin, as `path:line`. Pure. */
export function environmentReads(files: readonly Source[]): string[] {
  return files
    .filter(({ path }) => !READS_ENVIRONMENT.test(path))
    .flatMap((file) => {
      const found: string[] = [];
      walk(file.tree, (node) => {
        if (ts.isPropertyAccessExpression(node) && /^process\s*\.\s*env$/.test(node.getText()))
          found.push(place(file, node));
        if (ts.isStringLiteral(node) && /^(node:)?process$/.test(node.text) && !isFieldValue(node))
          found.push(place(file, node));
      });
      return found;
    });
}

/**
 * The only files that run a shell: two fixed scripts, which outlive the daemon and get what a message says as arguments; the lines
 * of the node's own nrpe files; and the agent whose purpose it is, which a site must switch on.
 */
const SHELLS = [
  'agent/puppet/run-process.ts',
  'agent/spooled.ts',
  'agent/nrpe/check.ts',
  'agent/agents/shell.ts',
];

/** Ways to a shell in what runs on nodes and controllers: only argument vectors may be run. As `path:line: what`. Pure. */
export function shells(files: readonly Source[]): string[] {
  return files
    .filter(({ path }) => /^(src|agent|provisioners|notifiers)\//.test(path) && !SHELLS.includes(path))
    .flatMap((file) => {
      const found: string[] = [];
      walk(file.tree, (node) => {
        const text = node.getText();
        const asked = ts.isPropertyAssignment(node) && /^['"]?shell['"]?\s*:\s*(?!false)/.test(text);
        if (asked || (ts.isImportSpecifier(node) && /^exec(Sync)?\b/.test(text)))
          found.push(`${place(file, node)}: ${text}`);
        if (ts.isStringLiteral(node) && /^(\/usr)?\/bin\/(ba|da|z)?sh$/.test(node.text))
          found.push(`${place(file, node)}: ${text}`);
      });
      return found;
    });
}

/** `name: 'process'` brings no module in. */
function isFieldValue(node: ts.Node): boolean {
  return ts.isPropertyAssignment(node.parent) && node.parent.initializer === node;
}

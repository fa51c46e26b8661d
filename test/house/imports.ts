import { posix } from 'node:path';
import ts from 'typescript';
import { place, type Source, walk } from './sources.ts';

/** One import of a file, static or dynamic. */
export interface Import {
  readonly from: string;
  /** Path in the tree for a relative import, the name as written for others, null when the program computes it. */
  readonly to: string | null;
  readonly relative: boolean;
  /** Gone when the program runs. */
  readonly typeOnly: boolean;
  /** `path:line` of the import. */
  readonly at: string;
}

/** All imports of a file: import and export declarations, import(), require() and import types. Pure. */
export function importsOf(file: Source): Import[] {
  const found: Import[] = [];
  walk(file.tree, (node) => {
    const part = specifierOf(node);
    if (part === undefined) return;
    const name = part.specifier && ts.isStringLiteralLike(part.specifier) ? part.specifier.text : null;
    const relative = name !== null && /^\.{1,2}(\/|$)/.test(name);
    const to = relative ? posix.join(posix.dirname(file.path), name) : name;
    found.push({ from: file.path, to, relative, typeOnly: part.typeOnly, at: place(file, node) });
  });
  return found;
}

function specifierOf(node: ts.Node): { specifier: ts.Node | undefined; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    return { specifier: node.moduleSpecifier, typeOnly: node.importClause?.isTypeOnly === true };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal, typeOnly: true };
  }
  if (ts.isCallExpression(node) && isLoad(node.expression)) {
    return { specifier: node.arguments[0], typeOnly: false };
  }
  return undefined;
}

function isLoad(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

/** The files and packages that a program takes in when it starts at `entry`, each with the import that brought it. Pure. */
export function importClosure(files: readonly Source[], entry: string): Map<string, string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Map<string, string>([[entry, entry]]);
  for (const path of reached.keys()) {
    const file = byPath.get(path);
    for (const { to, typeOnly, at } of file === undefined ? [] : importsOf(file)) {
      if (to !== null && !typeOnly && !reached.has(to)) reached.set(to, at);
    }
  }
  return reached;
}

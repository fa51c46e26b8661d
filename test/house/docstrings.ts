import ts from 'typescript';
import { place, type Source } from './sources.ts';

/**
 * Exports without a docstring, as `path:line: name`. A type that bears the name of a documented export before it (the
 * type of a schema) needs none of its own; nor do lists of re-exports and later overloads. Pure.
 */
export function undocumented(files: readonly Source[]): string[] {
  return files.flatMap((file) => {
    const documented = new Set<string>();
    return file.tree.statements.filter(isExported).flatMap((statement) => {
      const names = namesOf(statement);
      const excused = names.length > 0 && names.every((name) => documented.has(name));
      if (!excused && !hasDocstring(file, statement))
        return [`${place(file, statement)}: ${names.join(', ') || 'default'}`];
      for (const name of names) documented.add(name);
      return [];
    });
  });
}

function isExported(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText());
  }
  const name = ts.isDeclarationStatement(statement) ? statement.name : undefined;
  return name === undefined ? [] : [name.getText()];
}

function hasDocstring(file: Source, statement: ts.Statement): boolean {
  const comments = ts.getLeadingCommentRanges(file.text, statement.getFullStart()) ?? [];
  return comments.some(({ pos }) => file.text.startsWith('/**', pos));
}

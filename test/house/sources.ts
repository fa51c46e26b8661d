import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One file of the tree, parsed. `path` is relative to the top, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Folders whose imports have to keep the arrows. */
export const CODE_FOLDERS = ['src', 'provisioners', 'notifiers', 'agent', 'userdata', 'infra'] as const;

/** A file that exists only in this process: for planted faults. */
export function source(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** Every TypeScript file (declarations included) of these folders of the tree. */
export async function readSources(folders: readonly string[]): Promise<Source[]> {
  const found = await Promise.all(folders.map(filesOf));
  const paths = found.flat().filter((path) => /\.tsx?$/.test(path));
  return Promise.all(paths.map(async (path) => source(path, await readFile(join(ROOT, path), 'utf8'))));
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const base = ROOT.length;
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(base).split(sep).join('/'))
    .sort();
}

/** Calls `visit` for each node of a file, from the top down. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** `path:line`, for a message. */
export function place(file: Source, node: ts.Node): string {
  return `${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree)).line + 1}`;
}

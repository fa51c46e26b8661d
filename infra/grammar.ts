import { readFileSync, writeFileSync } from 'node:fs';
import peggy from 'peggy';

const FOLDER = new URL('../src/core/filter/', import.meta.url);

/** The parser of the filter language, made from its grammar: the text of an ES module. */
export function generateGrammar(): string {
  const grammar = readFileSync(new URL('grammar.peggy', FOLDER), 'utf8');
  return peggy.generate(grammar, { output: 'source', format: 'es' });
}

if (import.meta.main) writeFileSync(new URL('grammar.js', FOLDER), generateGrammar());

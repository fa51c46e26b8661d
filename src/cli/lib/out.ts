import { closeSync, openSync, writeSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { asMusterError, MusterError } from '../../core/errors.ts';
import { say } from './output.ts';

/** Where a command prints. */
export interface Out {
  line(text?: string): void;
  close(): void;
}

/** Standard output, or a file that is begun anew, without colours. Throws USAGE when it cannot be written. */
export function openOut(path: string | undefined): Out {
  if (path === undefined) return { line: say, close: () => undefined };
  const file = opened(path);
  return {
    line: (text = '') => void writeSync(file, `${stripVTControlCharacters(text)}\n`),
    close: () => closeSync(file),
  };
}

function opened(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (thrown) {
    throw new MusterError(
      'USAGE',
      `--output-file ${path} cannot be written: ${asMusterError(thrown).message}`,
    );
  }
}

import { createInterface } from 'node:readline/promises';
import { MusterError } from '../../core/errors.ts';

/** A request that would change every node. */
export interface WholeFleet {
  /** `agent#action`. */
  readonly what: string;
  readonly count: number;
  readonly collective: string;
}

/**
 * Asks at the terminal before a request changes the whole fleet. Throws USAGE where nobody can be asked, CONFLICT when the answer is
 * no. *Source:* the questions that MCollective's applications ask when no filter is given.
 */
export async function confirmWholeFleet({ what, count, collective }: WholeFleet): Promise<void> {
  const sentence = `${what} would change all ${count} nodes of ${collective}: no filter is given`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new MusterError('USAGE', sentence, {
      details: ['give a filter (-F, -C, -I, …), --limit N, or --yes if all of them are meant'],
    });
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads a line, the terminal gives Ctrl-C to it.
  lines.on('SIGINT', () => {
    process.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  try {
    // Ctrl-D is no answer.
    const answer = await lines.question(`${sentence}.\nGo on? (y/n) `).catch(() => '');
    if (!/^y(es)?$/i.test(answer.trim())) throw new MusterError('CONFLICT', 'nothing was sent');
  } finally {
    lines.close();
  }
}

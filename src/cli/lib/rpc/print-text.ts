import { summaryLines } from '../aggregates.ts';
import { absentLines, finishedLine } from '../asked.ts';
import { paint } from '../output.ts';
import { createProgress, type Progress } from '../progress.ts';
import { statisticsLines } from '../statistics.ts';
import type { Printed, Printer } from './printer.ts';
import { replyLines } from './reply-text.ts';

/** Blocks as they come, summaries, statistics. *Source:* `mco rpc`. */
export function textPrinter({ spec, options, out }: Printed): Printer {
  const { display = 'ddl', verbose = false } = options;
  const isBarWanted =
    options.progress !== false && options.quiet !== true && options.outputFile === undefined;
  let progress: Progress = createProgress(0, false);
  const show = (reply: Parameters<Printer['reply']>[0]): void => {
    const lines = replyLines(spec, reply, { display, verbose });
    // At once: a thousand nodes are a thousand writes.
    if (lines.length > 0) out.line(lines.join('\n'));
  };
  return {
    found: (count) => {
      progress = createProgress(count, isBarWanted);
    },
    reply: (reply) => {
      progress.clear();
      if (options.sort !== true) show(reply);
      progress.tick();
    },
    other: () => progress.tick(),
    end: ({ asked, replies, summaries }) => {
      progress.clear();
      if (options.sort === true) for (const reply of replies) show(reply);
      if (display !== 'none') for (const line of summaryLines(spec, summaries)) out.line(line);
      const [title = '', ...figures] = statisticsLines(asked);
      const lines = verbose ? [paint('yellow', title), ...figures] : [finishedLine(asked)];
      for (const line of [...lines, ...absentLines(asked)]) out.line(line);
    },
  };
}

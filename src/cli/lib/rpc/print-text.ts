import { summaryLines } from '../aggregates.ts';
import { type Asked, absentLines, finishedLine } from '../asked.ts';
import { paint } from '../output.ts';
import { createProgress, type Progress } from '../progress.ts';
import type { Printed, Printer } from './printer.ts';
import { replyLines } from './reply-text.ts';

/** Blocks as they come, summaries, statistics. *Source:* `mco rpc`. */
export function textPrinter({ ddl, action, spec, options, out }: Printed): Printer {
  const { display = 'ddl', verbose = false } = options;
  const isBarWanted =
    options.progress !== false && options.quiet !== true && options.outputFile === undefined;
  let progress: Progress = createProgress(0, false);
  const show = (reply: Parameters<Printer['reply']>[0]): void => {
    for (const line of replyLines(spec, reply, { display, verbose })) out.line(line);
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
      const lines = verbose ? statisticsLines(`${ddl.name}#${action}`, asked) : [finishedLine(asked)];
      for (const line of [...lines, ...absentLines(asked)]) out.line(line);
    },
  };
}

function statisticsLines(what: string, asked: Asked<unknown>): string[] {
  const { replies, discovered, discoveryMs, tookMs, startedAtMs } = asked;
  const passed = replies.filter((reply) => reply.status === 0).length;
  return [
    paint('yellow', `---- ${what} call stats ----`),
    `           Nodes: ${discovered} / ${replies.length}`,
    `     Pass / Fail: ${passed} / ${replies.length - passed}`,
    `      Start Time: ${new Date(startedAtMs).toISOString()}`,
    `  Discovery Time: ${discoveryMs.toFixed(2)}ms`,
    `      Agent Time: ${tookMs.toFixed(2)}ms`,
    `      Total Time: ${(discoveryMs + tookMs).toFixed(2)}ms`,
  ];
}

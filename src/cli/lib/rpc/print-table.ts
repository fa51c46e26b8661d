import { absentLines, finishedLine } from '../asked.ts';
import { table } from '../output.ts';
import type { Printed, Printer } from './printer.ts';
import { displayName, showValue } from './reply-text.ts';

/** Good replies as a table; those that failed are counted below. *Source:* `choria req --table`. */
export function tablePrinter({ spec, out }: Printed): Printer {
  return {
    found: () => undefined,
    reply: () => undefined,
    other: () => undefined,
    end: ({ asked, replies }) => {
      const good = replies.filter(({ status }) => status === 0);
      const keys = [...new Set(good.flatMap(({ data }) => Object.keys(Object(data))))];
      const head = ['Sender', ...keys.map((key) => displayName(spec.output, key))];
      const rows = good.map(({ identity, data }) => [
        identity,
        ...keys.map((key) => cell(Object(data)[key])),
      ]);
      out.line(table(head, rows));
      const failed = replies.length - good.length;
      out.line();
      if (failed > 0) out.line(`${failed} failed; --display failed says why`);
      out.line(finishedLine(asked));
      for (const line of absentLines(asked)) out.line(line);
    },
  };
}

function cell(value: unknown): string {
  return value === undefined
    ? ''
    : showValue(value)
        .map((line) => line.trim())
        .join(' ');
}

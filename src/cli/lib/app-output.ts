import type { AskReply } from '../../bus/ask.ts';
import type { Ddl } from '../../core/ddl.ts';
import { summarize, summaryLines } from './aggregates.ts';
import type { Asked } from './ask.ts';
import { requestDocument } from './rpc/print-json.ts';
import { actionNamed } from './rpc/typed-input.ts';

/** What the DDL sums up of these replies, as people read it; nothing where nobody answered well. Pure. */
export function appSummary(ddl: Ddl, action: string, replies: readonly AskReply<unknown>[]): string[] {
  const spec = actionNamed(ddl, action);
  const good = replies.filter(({ status }) => status === 0);
  return good.length === 0 ? [] : summaryLines(spec, summarize(spec, good));
}

/** The document of a request, as `muster rpc --json` prints it. Pure. */
export function appJson(ddl: Ddl, action: string, asked: Asked<unknown>): Record<string, unknown> {
  const { replies } = asked;
  return requestDocument(ddl.name, action, {
    ...{ asked, replies },
    summaries: summarize(actionNamed(ddl, action), replies),
  });
}

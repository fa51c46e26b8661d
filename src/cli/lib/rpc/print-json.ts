import type { Summary } from '../aggregates.ts';
import { type Asked, missingFields } from '../asked.ts';
import { jsonText } from '../plain.ts';
import type { Ending, Printed, Printer } from './printer.ts';
import { rawReply } from './reply-text.ts';

const NS_PER_MS = 1e6;

/** One document: agent, action, replies, request_stats, summaries. *Source:* `choria req --json`. */
export function jsonPrinter({ ddl, action, out }: Printed): Printer {
  return {
    ...silentPrinter,
    end: (ending) => out.line(jsonText(requestDocument(ddl.name, action, ending), 2)),
  };
}

/** The document of one request. Pure. *Source:* `choria req --json`. */
export function requestDocument(
  agent: string,
  action: string,
  { asked, replies, summaries }: Ending,
): Record<string, unknown> {
  return {
    ...{ agent, action },
    replies: replies.map(rawReply),
    request_stats: requestStats(asked),
    summaries: summaries.map(summaryDocument),
  };
}

/** A line for each thing that happens, in its order; `kind` is `discovered`, `reply`, `summary` or `request_stats`. */
export function jsonlPrinter({ ddl, action, out }: Printed): Printer {
  const line = (kind: string, more: object) => out.line(jsonText({ kind, agent: ddl.name, action, ...more }));
  return {
    ...silentPrinter,
    found: (count) => line('discovered', { discovered: count }),
    reply: (reply) => line('reply', rawReply(reply)),
    end: ({ asked, summaries }) => {
      for (const summary of summaries) line('summary', summaryDocument(summary));
      line('request_stats', requestStats(asked));
    },
  };
}

/** Names of those who answered well, one a line or as a list. *Source:* `choria req --senders`. */
export function sendersPrinter({ options, out }: Printed): Printer {
  const good = ({ replies }: Ending) =>
    replies.filter(({ status }) => status === 0).map(({ identity }) => identity);
  return {
    ...silentPrinter,
    end: (ending) => {
      if (options.json === true) out.line(JSON.stringify(good(ending), null, 2));
      else for (const name of good(ending)) out.line(name);
    },
  };
}

const silentPrinter = { found: () => undefined, reply: () => undefined, other: () => undefined };

/** Times in nanoseconds. *Source:* the statistics in Choria's request documents. */
function requestStats(asked: Asked<unknown>): Record<string, unknown> {
  const { requests, unexpected, discovered, replies } = asked;
  const good = replies.filter((reply) => reply.status === 0).length;
  return {
    requestid: requests[0] ?? '',
    ...(requests.length > 1 ? { requestids: requests } : {}),
    ...missingFields(asked),
    unexpected_responses: unexpected,
    discovered,
    failed: replies.length - good,
    ok: good,
    responses: replies.length,
    request_time: Math.round(asked.tookMs * NS_PER_MS),
    discover_time: Math.round(asked.discoveryMs * NS_PER_MS),
    start_time_utc: new Date(asked.startedAtMs).toISOString(),
  };
}

function summaryDocument({ counts, ...rest }: Summary): Record<string, unknown> {
  return counts === undefined ? rest : { ...rest, counts: Object.fromEntries(counts) };
}

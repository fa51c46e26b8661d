import type { AskReply } from '../../../../src/bus/ask.ts';
import type { Asked } from '../../../../src/cli/lib/asked.ts';

/** A reply of a node, a good one by default. */
export function reply(
  identity: string,
  data: unknown,
  more: Partial<AskReply<unknown>> = {},
): AskReply<unknown> {
  return { identity, role: 'node', status: 0, code: null, message: 'OK', data, ...more };
}

/** What came of a request. */
export function asked(more: Partial<Asked<unknown>> = {}): Asked<unknown> {
  return {
    ...{
      what: 'probe#echo',
      replies: [],
      silent: [],
      gone: [],
      interrupted: null,
      unexpected: [],
      method: 'registry',
      discovered: 0,
      requests: ['a'.repeat(32)],
    },
    ...{ discoveryMs: 2, startedAtMs: 0, tookMs: 10.5, replyMs: new Map(), lost: null },
    ...more,
  };
}

import type { Asked } from './asked.ts';

/** Statistics of a request, as `-v` gives them; its first line is the title. Pure. *Source:* `mco -v`. */
export function statisticsLines(asked: Asked<unknown>): string[] {
  const { what, replies, discovered, discoveryMs, tookMs, startedAtMs, method, requests } = asked;
  const passed = replies.filter((reply) => reply.status === 0).length;
  const [first = 'none', ...more] = requests;
  return [
    `---- ${what} call stats ----`,
    `           Nodes: ${discovered} / ${replies.length}`,
    `     Pass / Fail: ${passed} / ${replies.length - passed}`,
    `      Start Time: ${new Date(startedAtMs).toISOString()}`,
    `  Discovery Time: ${discoveryMs.toFixed(2)}ms`,
    `      Agent Time: ${tookMs.toFixed(2)}ms`,
    `      Total Time: ${(discoveryMs + tookMs).toFixed(2)}ms`,
    `Discovery Method: ${method}`,
    `      Request ID: ${first}${more.length === 0 ? '' : ` and ${more.length} more`}`,
  ];
}

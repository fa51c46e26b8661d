import { type CheckResult, NAGIOS_STATES } from '../../../agent/agents/nrpe.ddl.ts';
import { paint } from './output.ts';
import { plain } from './plain.ts';

/** What came back of one check from many nodes. */
export interface CheckAsked {
  readonly replies: readonly {
    readonly identity: string;
    readonly status: number;
    readonly message: string;
    readonly data: CheckResult | null;
  }[];
  readonly silent: readonly string[];
  readonly interrupted: { readonly notAsked: readonly string[] } | null;
  readonly tookMs: number;
}

/** How one node stands. A node that could not run its check, or did not answer, is UNKNOWN. */
export interface NodeCheck {
  readonly identity: string;
  readonly state: (typeof NAGIOS_STATES)[number];
  readonly exitcode: number;
  readonly output: string;
  readonly perfdata: string;
  readonly answered: boolean;
}

const UNKNOWN = 3;
const COLOURS = { OK: 'green', WARNING: 'yellow', CRITICAL: 'red', UNKNOWN: 'yellow' } as const;
/** Order in which bad states are named, worst first. */
const BAD_STATES = ['CRITICAL', 'WARNING', 'UNKNOWN'] as const;

/** Every node that was asked, those that answered first. Texts of nodes lose their control characters. Pure. */
export function nodeChecks({ replies, silent, interrupted }: CheckAsked): NodeCheck[] {
  const unknown = { state: 'UNKNOWN', exitcode: UNKNOWN, perfdata: '' } as const;
  return [
    ...replies.map(({ identity, status, message, data }) => {
      if (status !== 0 || data === null)
        return { identity, ...unknown, output: plain(message), answered: true };
      const { state, exitcode, output, perfdata } = data;
      return { identity, state, exitcode, output: plain(output), perfdata: plain(perfdata), answered: true };
    }),
    ...silent.map((identity) => ({ identity, ...unknown, output: 'no response', answered: false })),
    ...(interrupted?.notAsked ?? []).map((identity) => ({
      ...{ identity, ...unknown, output: 'not asked', answered: false },
    })),
  ];
}

/** As `mco nrpe` prints it: what is wrong (with `all`, what is well too), then how often each state was found. Pure. */
export function checkLines(check: string, nodes: readonly NodeCheck[], all: boolean): string[] {
  const told = nodes.filter(({ state, answered }) => answered && (all || state !== 'OK'));
  const entries = told.flatMap(({ identity, state, output }) => [
    `${identity.padEnd(40)} status=${paint(COLOURS[state], state)}`,
    ...output.split('\n').map((line) => `    ${line}`),
    '',
  ]);
  const counts = NAGIOS_STATES.map((state) => [state, countOf(nodes, state)] as const);
  const summary = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([state, count]) => `${state.padStart(13)} : ${count}`);
  return [...entries, `Summary of ${check}:`, '', ...summary, ''];
}

/**
 * As a Nagios plug-in: one line with counts and performance data, then the nodes of each bad state. Any CRITICAL gives 2,
 * else the highest exit code counts; nobody to ask is UNKNOWN. Pure. *Source:* check-mc-nrpe.
 */
export function nagiosReport(
  check: string,
  nodes: readonly NodeCheck[],
  tookMs: number,
): { readonly lines: string[]; readonly exitCode: number } {
  if (nodes.length === 0)
    return { lines: [`${check}: UNKNOWN: no nodes match the filters`], exitCode: UNKNOWN };
  const [ok, warn, crit, unknown] = NAGIOS_STATES.map((state) => countOf(nodes, state));
  const text = `${check}: OK: ${ok} WARNING: ${warn} CRITICAL: ${crit} UNKNOWN: ${unknown}`;
  const perfdata = `total=${nodes.length} ok=${ok} warn=${warn} crit=${crit} unknown=${unknown} checktime=${(tookMs / 1000).toFixed(6)}`;
  const bad = BAD_STATES.flatMap((state) => {
    const names = nodes.filter((node) => node.state === state).map(({ identity }) => identity);
    return names.length === 0 ? [] : [`${state}:`, `   ${names.join(' ')}`];
  });
  const codes = nodes.map(({ exitcode }) => exitcode);
  return { lines: [`${text}|${perfdata}`, ...bad], exitCode: codes.includes(2) ? 2 : Math.max(...codes) };
}

/** The one line of a Nagios plug-in that could not ask anybody. `|` would begin performance data. Pure. */
export function nagiosFailure(check: string, code: string, message: string): string {
  return plain(`${check}: UNKNOWN: ${code}: ${message}`).replaceAll(/[|\n]/g, ' ');
}

function countOf(nodes: readonly NodeCheck[], state: string): number {
  return nodes.filter((node) => node.state === state).length;
}

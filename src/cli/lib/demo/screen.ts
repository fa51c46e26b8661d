import type { ProgressEvent } from '../../../../infra/lab/progress.ts';
import { addedMs, type RunRecord } from '../../../core/record.ts';
import { showLabProgress } from '../lab-text.ts';
import { paint, say, sayJson, showMs } from '../output.ts';
import { runsTable, timeline } from '../timeline.ts';
import type { Proof } from './prove.ts';

/** What a person sees of the demo. */
export interface DemoScreen {
  title(text: string): void;
  note(text: string): void;
  labProgress(event: ProgressEvent): void;
  progress(runs: readonly RunRecord[], ids: readonly string[]): void;
  results(runs: readonly RunRecord[], proof: Proof): void;
  json(runs: readonly RunRecord[], proof: Proof): void;
  stay(): void;
}

/** Draws on standard output: live on a terminal, a line for each change elsewhere, nothing when `quiet` but JSON. */
export function demoScreen({ quiet }: { quiet: boolean }): DemoScreen {
  const out = (line: string): void => {
    if (!quiet) say(line);
  };
  const startedAtMs = performance.now();
  const live = process.stdout.isTTY && !quiet ? liveTable() : changeLines(out);
  return {
    title: (text) => out(`\n${paint('bold', text)}`),
    note: (text) => out(`  ${text}`),
    labProgress: (event) => {
      if (!quiet) showLabProgress(event);
    },
    progress: live,
    results: (runs, proof) => {
      for (const line of resultLines(runs, proof)) out(line);
    },
    json: (runs, proof) =>
      sayJson({
        took_ms: Math.round(performance.now() - startedAtMs),
        added_ms: medianAddedMs(runs),
        runs,
        proof,
      }),
    stay: () => {
      out(`\n${paint('bold', 'It stays up until Ctrl-C. In another terminal, in this folder:')}`);
      for (const line of [
        'npx muster runs',
        'npx muster masters',
        'npx muster rpc rpcutil inventory',
        'npx muster lab launch --region us-east-1',
        'npx muster runs --watch',
      ]) {
        out(`  ${line}`);
      }
    },
  };
}

type Draw = (runs: readonly RunRecord[], ids: readonly string[]) => void;

/** Redraws the table in place. */
function liveTable(): Draw {
  let drawn = 0;
  return (runs, ids) => {
    const booting = ids.filter((id) => !runs.some((run) => run.instanceId === id));
    const lines = [
      runsTable(runs, Date.now()),
      ...booting.map((id) => paint('dim', `${id} is booting: no hello yet`)),
    ]
      .join('\n')
      .split('\n');
    if (drawn > 0) process.stdout.write(`\x1b[${drawn}A\x1b[J`);
    for (const line of lines) say(line);
    drawn = lines.length;
  };
}

/** One line for each step that begins or ends. */
function changeLines(out: (line: string) => void): Draw {
  const seen = new Map<string, string>();
  return (runs) => {
    for (const run of runs) {
      const now = `${run.state === 'provisioned' || run.state === 'failed' ? run.state : (run.step ?? 'hello')}`;
      if (seen.get(run.id) === now) continue;
      seen.set(run.id, now);
      out(`  ${run.identity}  ${now}${run.master === null ? '' : `  (${run.master})`}`);
    }
  };
}

function resultLines(runs: readonly RunRecord[], proof: Proof): string[] {
  const mail = proof.mails[0];
  const added = medianAddedMs(runs);
  return [
    `\n${paint('bold', 'What happened, node by node')}`,
    ...runs.flatMap((run) => ['', timeline(run, Date.now())]),
    `\n${paint('bold', `Notices: ${proof.mails.length} mails and ${proof.roomMessages.length} messages in the XMPP room. The first mail:`)}`,
    ...(mail === undefined
      ? []
      : [
          `  To: ${mail.to.join(', ')}`,
          `  Subject: ${mail.subject}`,
          '',
          ...mail.text
            .trimEnd()
            .split('\n')
            .map((line) => `  ${line}`),
        ]),
    `\n${paint('bold', 'Asked over RPC: what production wrote from what bootstrap found, and whose certificate it is')}`,
    ...proof.facts.map(
      (fact) => `  ${fact.identity}  puppet_configured = ${fact.configured ?? paint('red', 'no answer')}`,
    ),
    ...proof.issuers.map((one) => `  ${one.identity}  certificate by ${one.issuer}`),
    '',
    added === null ? '' : `Muster added ${paint('bold', showMs(added))} (median) to Puppet's own time.`,
  ];
}

function medianAddedMs(runs: readonly RunRecord[]): number | null {
  const all = runs
    .map(addedMs)
    .filter((ms) => ms !== null)
    .sort((a, b) => a - b);
  return all[Math.floor(all.length / 2)] ?? null;
}

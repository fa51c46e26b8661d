import type { Command } from 'commander';
import type { Decision, Quarantined } from '../controller/quarantine.ts';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson, table } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';
import { withStore } from './lib/store.ts';

type Options = ConfigOptions & { readonly json?: true };

/** `muster quarantine`: hosts that asked for an instance which others had claimed, and what is to become of them. */
export default {
  name: 'quarantine',
  register(program: Command): void {
    const quarantine = program
      .command('quarantine')
      .description('hosts whose keys came second for a claimed instance: list, approve, reject');
    withConfigOptions(quarantine.command('list').description('those that wait for a decision'))
      .option('--all', 'the decided ones too')
      .option('--json', 'print one JSON document')
      .action(list);
    const verdicts = [
      [
        'approve',
        'approved',
        'revoke what the first holder has, give the claim to these keys: their next hello is accepted',
      ],
      ['reject', 'rejected', 'keep these keys out for good'],
    ] as const;
    for (const [name, verdict, description] of verdicts) {
      const command = quarantine
        .command(name)
        .description(description)
        .argument('<id>', 'as the list shows it');
      withConfigOptions(command)
        .requiredOption('--reason <text>', 'why; it is kept with your name')
        .option('--json', 'print one JSON document')
        .action((id: string, options: Options & { readonly reason: string }) => decide(id, verdict, options));
    }
  },
} satisfies CliCommand;

async function list(options: Options & { readonly all?: true }): Promise<void> {
  const config = await readSettings(options);
  const { createQuarantine } = await import('../controller/quarantine.ts');
  const all = await withStore(config, (door) => createQuarantine(door).list());
  const shown = all.filter(({ decision }) => options.all === true || decision === null);
  if (options.json) sayJson({ quarantine: shown });
  else if (shown.length === 0) say('nothing waits in quarantine');
  else say(table(['ID', 'NODE', 'GROUP', 'REGION', 'SINCE', 'CHECKED', 'DECISION'], shown.map(row)));
}

function row({ id, identity, group, region, firstAtMs, evidence, decision }: Quarantined): string[] {
  const said =
    decision === null
      ? paint('yellow', 'waits')
      : `${decision.verdict} by ${decision.by}: ${oneLine(decision.reason)}`;
  return [id, identity, group, region ?? '', new Date(firstAtMs).toISOString(), evidence, said];
}

async function decide(
  id: string,
  verdict: Decision['verdict'],
  options: Options & { readonly reason: string },
): Promise<void> {
  const { operationsOf } = await import('./lib/operation.ts');
  const reason = oneLine(options.reason);
  if (reason.length < 3) throw new MusterError('USAGE', '--reason: say why, others will read it');
  const config = await readSettings(options);
  const { decideSecondKey } = await import('./lib/second-key.ts');
  const { createQuarantine } = await import('../controller/quarantine.ts');
  const { commonNameOf } = await import('./lib/certificate-name.ts');
  const by = await commonNameOf(config.trust.certificate);
  const decision: Decision = { verdict, reason, by, atMs: Date.now() };
  const action = verdict === 'approved' ? 'approve' : 'reject';
  const record = await withStore(config, async (door) => {
    const operations = await operationsOf(config, door);
    const asked = (await createQuarantine(door).list()).filter((one) => one.id === id);
    // So that `muster audit --node` finds it.
    const data = { names: asked.map(({ identity }) => identity) };
    const operation = { agent: 'quarantine', action, subject: id, reason, data };
    return operations.carry(operation, () => decideSecondKey(config, id, decision));
  });
  if (options.json) sayJson({ quarantine: record });
  else if (verdict === 'rejected') say(`${id} is kept out`);
  else {
    say(`${record.identity}: what was issued before is revoked, and its connection is cut`);
    say(`${id} has the claim on ${record.instanceId} now; its next hello, within five minutes, is accepted`);
  }
}

/** Control characters have no place on a terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

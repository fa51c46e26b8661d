import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import { auditTable, sinceMs } from './lib/audit-text.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';

interface AuditOptions extends ConfigOptions {
  readonly since: string;
  readonly caller?: string;
  readonly agent?: string;
  readonly node?: string;
  readonly denied?: true;
  readonly limit: string;
  readonly json?: true;
}

/** `muster audit`: what nodes were asked, by whom, and what they said. */
export default {
  name: 'audit',
  register(program: Command): void {
    const audit = program.command('audit').description('what was asked of nodes, by whom, and how it ended');
    withConfigOptions(audit)
      .option('--since <when>', 'how long ago (90s, 15m, 1h, 7d), or a time', '1h')
      .option('--caller <name>', 'only of this caller')
      .option('--agent <agent>', 'only this agent, or AGENT#ACTION')
      .option('--node <identity>', 'only on this node')
      .option('--denied', 'only what was denied')
      .option('--limit <n>', 'at most so many, the newest', '1000')
      .option('--json', 'print one JSON document')
      .action(list);
    audit
      .command('verify')
      .description('check the hash chain of an audit file of a node, with the older files beside it')
      .argument('<file>', 'audit file, e.g. /var/lib/muster/audit.log')
      .option('--json', 'print one JSON document')
      // The command above it has the same option and would keep it.
      .action((file: string, _options, command: Command) => verify(file, command.optsWithGlobals()));
  },
} satisfies CliCommand;

async function list(options: AuditOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new MusterError('USAGE', `--limit is '${options.limit}'; expected a whole number above 0`);
  const { caller, agent, node, denied } = options;
  const since = sinceMs(options.since, Date.now());
  const { openAudit } = await import('./lib/records.ts');
  const audit = await openAudit(await readSettings(options));
  try {
    const found = await audit.find({
      ...{ sinceMs: since, limit },
      ...(caller === undefined ? {} : { caller }),
      ...(agent === undefined ? {} : { agent }),
      ...(node === undefined ? {} : { node }),
      ...(denied === undefined ? {} : { verdict: 'deny' as const }),
    });
    if (options.json) sayJson({ audit: found });
    else if (found.length === 0) say(`nothing since ${new Date(since).toISOString()}`);
    else say(auditTable(found));
  } finally {
    await audit.close();
  }
}

async function verify(file: string, options: { json?: true }): Promise<void> {
  const { verifyAudit } = await import('../trust/audit/verify.ts');
  const { auditFiles } = await import('./lib/audit-files.ts');
  const files = await auditFiles(file);
  const { lines, firstSeq, lastSeq, problems } = verifyAudit(files);
  if (options.json) sayJson({ files: files.map(({ name }) => name), lines, firstSeq, lastSeq, problems });
  else {
    for (const { file: name, line, problem } of problems) say(`${name}:${line}: ${problem}`);
    const span = firstSeq === null ? 'no lines' : `lines ${firstSeq} to ${lastSeq}`;
    const verdict = problems.length === 0 ? 'the chain holds' : `${problems.length} breaks of the chain`;
    say(`${files.length} files, ${span}: ${verdict}`);
    if (firstSeq !== null && firstSeq > 1)
      say(`lines before ${firstSeq} were removed with age, or by somebody`);
  }
  if (problems.length > 0) process.exitCode = 1;
}

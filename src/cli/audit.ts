import type { Command } from 'commander';
import type { AuditLine } from '../core/audit.ts';
import { auditTable, chainProblems, sinceMs } from './lib/audit-text.ts';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson } from './lib/output.ts';
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

interface VerifyOptions extends ConfigOptions {
  readonly node?: string;
  readonly json?: true;
}

/** `muster audit`: what nodes were asked, by whom, and what they said; what controllers and operators decided. */
export default {
  name: 'audit',
  register(program: Command): void {
    const audit = program
      .command('audit')
      .description('what was asked of nodes and decided by controllers, by whom, and how it ended');
    withConfigOptions(audit)
      .option('--since <when>', 'how long ago (90s, 15m, 1h, 7d), or a time', '1h')
      .option('--caller <name>', 'only of this caller')
      .option(
        '--agent <agent>',
        'only this agent, or AGENT#ACTION; of controllers: hello, ca, quarantine, run, token',
      )
      .option('--node <identity>', 'only on this node, or about it')
      .option('--denied', 'only what was denied or refused')
      .option('--limit <n>', 'at most so many, the newest', '1000')
      .option('--json', 'print one JSON document')
      .action(list);
    audit
      .command('verify')
      .description(
        'check the hash chain of an audit file of a node, with the older files beside it; without a file: what came of all nodes',
      )
      .argument('[file]', 'audit file, e.g. /var/lib/muster/audit.log')
      .option('--node <identity>', 'compare the file with the lines that came of this node, too')
      .option('--json', 'print one JSON document')
      // The command above it has the same options and would keep them.
      .action((file: string | undefined, _options, command: Command) =>
        file === undefined ? verifyAll(command.optsWithGlobals()) : verify(file, command.optsWithGlobals()),
      );
  },
} satisfies CliCommand;

async function list(options: AuditOptions): Promise<void> {
  const { count } = await import('./lib/numbers.ts');
  const limit = count('--limit', options.limit);
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
    const chains = (await audit.chains()).filter(({ name }) => node === undefined || node === name);
    const problems = chainProblems(chains, since);
    if (options.json) return sayJson({ audit: found, problems });
    if (found.length === 0) say(`nothing since ${new Date(since).toISOString()}`);
    else say(auditTable(found));
    for (const problem of problems) say(paint('red', problem));
  } finally {
    await audit.close();
  }
}

/** What has come of all who write lines: exit code 1 when something is missing or was exchanged. */
async function verifyAll(options: VerifyOptions): Promise<void> {
  const { openAudit } = await import('./lib/records.ts');
  const audit = await openAudit(await readSettings(options));
  try {
    const { node } = options;
    const chains = (await audit.chains()).filter(({ name }) => node === undefined || node === name);
    const problems = chainProblems(chains, 0);
    if (options.json) sayJson({ chains, problems });
    else {
      for (const problem of problems) say(paint('red', problem));
      say(`lines of ${chains.length}: ${problems.length} holes and breaks`);
    }
    if (problems.length > 0) process.exitCode = 1;
  } finally {
    await audit.close();
  }
}

/** Lines that came of a node, by number. */
async function cameOf(options: VerifyOptions): Promise<Map<number, AuditLine> | null> {
  if (options.node === undefined) return null;
  const { openAudit } = await import('./lib/records.ts');
  const audit = await openAudit(await readSettings(options));
  try {
    return await audit.linesOf(options.node);
  } finally {
    await audit.close();
  }
}

async function verify(file: string, options: VerifyOptions): Promise<void> {
  const { compareAudit, verifyAudit } = await import('../trust/audit/verify.ts');
  const { auditFiles } = await import('./lib/audit-files.ts');
  const files = await auditFiles(file);
  const { lines, firstSeq, lastSeq, problems: found } = verifyAudit(files);
  const came = await cameOf(options);
  const problems = came === null ? found : [...found, ...compareAudit(files, came)];
  if (options.json) sayJson({ files: files.map(({ name }) => name), lines, firstSeq, lastSeq, problems });
  else {
    for (const { file: name, line, problem } of problems) say(`${name}:${line}: ${problem}`);
    const span = firstSeq === null ? 'no lines' : `lines ${firstSeq} to ${lastSeq}`;
    const verdict = problems.length === 0 ? 'the chain holds' : `${problems.length} problems`;
    say(`${files.length} files, ${span}: ${verdict}`);
    if (came !== null) say(`compared with ${came.size} lines that came of ${options.node}`);
    if (firstSeq !== null && firstSeq > 1)
      say(`lines before ${firstSeq} were removed with age, or by somebody`);
  }
  if (problems.length > 0) process.exitCode = 1;
}

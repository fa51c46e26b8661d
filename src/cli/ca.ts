import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import { ROLES, type Role } from '../core/role.ts';
import type { CliCommand } from './lib/command.ts';
import { paint, say, sayJson, table } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';

const DIR = '/etc/muster/pki';

interface ListOptions {
  readonly dir: string;
  readonly all?: true;
  readonly json?: true;
}

interface DecisionOptions extends ConfigOptions {
  readonly reason: string;
  readonly offline?: string;
  readonly json?: true;
}

interface IssueOptions {
  readonly role: string;
  readonly dir: string;
  readonly out?: string;
  readonly days: string;
  readonly san?: string[];
  readonly replace?: true;
  readonly json?: true;
}

/** `muster ca`: the collective CA, from which everybody on the bus has a certificate. */
export default {
  name: 'ca',
  register(program: Command): void {
    const ca = program.command('ca').description('the collective CA: certificates of the bus');
    ca.command('init')
      .description('make the CA: ca.pem and ca.key in a folder')
      .option('--dir <folder>', 'folder of the CA', DIR)
      .option('--name <name>', 'common name of the CA', 'Muster collective CA')
      .option('--json', 'print one JSON document')
      .action(init);
    ca.command('issue')
      .description('issue a certificate: NAME.pem and NAME.key')
      .argument('<name>', 'common name: identity of a node, name of an operator')
      .requiredOption('--role <role>', ROLES.join(', '))
      .option('--dir <folder>', 'folder of the CA', DIR)
      .option('--out <folder>', 'where to write them (default: the folder of the CA)')
      .option('--days <n>', 'days that it is valid', '365')
      .option('--san <name...>', 'subject alternative names: host names or IP addresses')
      .option('--replace', 'overwrite the key that is there')
      .option('--json', 'print one JSON document')
      .action(issue);
    ca.command('renew')
      .description('put a new certificate in place of one that ends: same name, role and key')
      .argument('<name>', 'common name')
      .option('--dir <folder>', 'folder of the CA', DIR)
      .option('--certificate <file>', 'where it is (default: NAME.pem in the folder of the CA)')
      .option('--days <n>', 'days that it is valid (default: as many as before)')
      .option('--json', 'print one JSON document')
      .action(renew);
    ca.command('list')
      .description('certificates that were issued from a folder: those that count now')
      .option('--dir <folder>', 'folder of the CA', DIR)
      .option('--all', 'expired and revoked ones too')
      .option('--json', 'print one JSON document')
      .action(list);
    ca.command('show')
      .description('everything that is known of a name')
      .argument('<name>', 'common name')
      .option('--dir <folder>', 'folder of the CA', DIR)
      .option('--json', 'print one JSON document')
      .action(show);
    decision(ca.command('revoke'), 'revoke').description(
      'make all certificates of a name worthless: cuts its connection, and nobody listens to it any more',
    );
    decision(ca.command('reinstate'), 'reinstate').description(
      'let a revoked node join again by a hello, with a new certificate',
    );
  },
} satisfies CliCommand;

async function init(options: { dir: string; name: string; json?: true }): Promise<void> {
  const { createCa } = await import('../trust/ca.ts');
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  await createCa(options.dir, { name: options.name });
  if (options.json) sayJson({ ca: `${options.dir}/ca.pem` });
  else say(`made the collective CA in ${options.dir}; keep ca.key safe, hand out ca.pem`);
}

async function issue(name: string, options: IssueOptions): Promise<void> {
  const { loadCa } = await import('../trust/ca.ts');
  const role = ROLES.find((known): known is Role => known === options.role);
  if (role === undefined)
    throw new MusterError('USAGE', `--role is '${options.role}'; expected ${ROLES.join(', ')}`);
  const days = daysOf(options.days);
  const { noteIssue } = await import('./lib/operation.ts');
  const out = options.out ?? options.dir;
  if (options.replace !== true) await refuseOther(join(out, `${name}.key`), name);
  const ca = await loadCa(options.dir);
  const noted = await noteIssue(options.dir, { name, role, days });
  await mkdir(out, { recursive: true, mode: 0o700 });
  const sans = options.san?.map((san) => san.replace(/^(DNS|IP):/, ''));
  const revoked = ca.book.revocations().get(name);
  // Issuing by hand is a decision of its own: the name is let in again.
  if (revoked?.barred)
    ca.book.revoke({
      ...revoked,
      at_ms: Date.now(),
      barred: false,
      reason: 'a certificate was issued by hand',
    });
  const files = await ca.issueToFiles({
    dir: out,
    name,
    role,
    days,
    ...(sans === undefined ? {} : { sans }),
  });
  if (options.json) return sayJson(files);
  say(`issued ${files.certificate} (${role}, ${days} days)`);
  if (!noted) say(`noted in ${options.dir}/issued.jsonl only, not in the central audit`);
}

/** A key that was overwritten cannot be had again, and what was encrypted to it not be read. */
async function refuseOther(key: string, name: string): Promise<void> {
  const there = await access(key).then(
    () => true,
    () => false,
  );
  if (there)
    throw new MusterError(
      'CONFLICT',
      `${key} is there already: muster ca renew ${name} keeps the key; for another one give --out, or --replace`,
    );
}

interface RenewOptions {
  readonly dir: string;
  readonly certificate?: string;
  readonly days?: string;
  readonly json?: true;
}

async function renew(name: string, options: RenewOptions): Promise<void> {
  const { renewByHand } = await import('./lib/ca-renew.ts');
  const days = options.days === undefined ? {} : { days: daysOf(options.days) };
  const path = options.certificate ?? join(options.dir, `${name}.pem`);
  const { notAfterMs } = await renewByHand({ dir: options.dir, name, path, ...days });
  const until = new Date(notAfterMs).toISOString();
  if (options.json) return sayJson({ name, certificate: path, until });
  say(`renewed ${path}, until ${until.slice(0, 10)}; the key is the same`);
  say('copy it to where it is used; a controller, a daemon and the broker have to be restarted');
}

function daysOf(text: string): number {
  const days = Number(text);
  if (days > 0) return days;
  throw new MusterError('USAGE', `--days is '${text}'; expected a number above 0`);
}

function decision(command: Command, verb: 'revoke' | 'reinstate'): Command {
  return withConfigOptions(
    command
      .argument('<name>', 'common name: identity of a node, name of an operator')
      .requiredOption('--reason <text>', 'why; others will read it')
      .option('--offline <folder>', 'only note it in this folder of a CA: a controller there spreads it')
      .option('--json', 'print one JSON document'),
  ).action(async (name: string, options: DecisionOptions) => {
    const { revokeNow, revokeOffline } = await import('./lib/ca-revoke.ts');
    const wish = { name, verb, reason: options.reason };
    const { decision: made, cut } =
      options.offline === undefined
        ? await revokeNow(await readSettings(options), wish)
        : await revokeOffline(options.offline, wish);
    if (options.json) return sayJson({ ...made, cut });
    if (verb === 'reinstate') return say(`${name} may say hello again; what was issued before stays revoked`);
    say(
      `${name} is revoked; its broker user ${cut ? 'is deleted' : 'is deleted by the next controller that looks'}`,
    );
  });
}

async function list(options: ListOptions): Promise<void> {
  const { caRecords, shownTime } = await import('./lib/ca-records.ts');
  const { certificates } = await caRecords(options.dir, Date.now());
  const shown = options.all ? certificates : certificates.filter(({ state }) => state === 'valid');
  if (options.json) return sayJson(shown);
  const rows = shown.map((one) => [
    ...[
      one.name,
      one.role,
      one.ends_soon ? paint('yellow', 'ends soon') : one.state,
      shownTime(one.at_ms),
      shownTime(one.not_after_ms),
      one.serial,
    ],
  ]);
  say(table(['NAME', 'ROLE', 'STATE', 'ISSUED', 'UNTIL', 'SERIAL'], rows));
}

async function show(name: string, options: ListOptions): Promise<void> {
  const { caRecords, shownTime } = await import('./lib/ca-records.ts');
  const records = await caRecords(options.dir, Date.now());
  const certificates = records.certificates.filter((one) => one.name === name);
  const revocation = records.revocations.find((one) => one.name === name) ?? null;
  if (certificates.length === 0 && revocation === null)
    throw new MusterError('NOT_FOUND', `nothing was issued to ${name} from ${options.dir}`);
  if (options.json) return sayJson({ name, revocation, certificates });
  for (const one of certificates) {
    say(
      `${one.serial}  ${one.role}, ${one.state}, ${shownTime(one.at_ms)} to ${shownTime(one.not_after_ms)}`,
    );
    say(`  key ${one.key}`);
  }
  if (revocation === null) return;
  say(`revoked until ${shownTime(revocation.before_ms)}: ${revocation.reason}`);
  say(revocation.barred ? '  no hello lets it in' : '  may say hello again');
}

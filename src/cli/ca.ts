import { mkdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import { ROLES, type Role } from '../core/names.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

interface IssueOptions {
  readonly role: string;
  readonly dir: string;
  readonly out?: string;
  readonly days: string;
  readonly san?: string[];
  readonly json?: true;
}

/** `muster ca`: the collective CA, from which everybody on the bus has a certificate. */
export default {
  name: 'ca',
  register(program: Command): void {
    const ca = program.command('ca').description('the collective CA: certificates of the bus');
    ca.command('init')
      .description('make the CA: ca.pem and ca.key in a folder')
      .option('--dir <folder>', 'folder of the CA', '/etc/muster/pki')
      .option('--name <name>', 'common name of the CA', 'Muster collective CA')
      .option('--json', 'print one JSON document')
      .action(init);
    ca.command('issue')
      .description('issue a certificate: NAME.pem and NAME.key')
      .argument('<name>', 'common name: identity of a node, name of an operator')
      .requiredOption('--role <role>', ROLES.join(', '))
      .option('--dir <folder>', 'folder of the CA', '/etc/muster/pki')
      .option('--out <folder>', 'where to write them (default: the folder of the CA)')
      .option('--days <n>', 'days that it is valid', '365')
      .option('--san <name...>', 'subject alternative names: host names or IP addresses')
      .option('--json', 'print one JSON document')
      .action(issue);
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
  const days = Number(options.days);
  if (!(days > 0)) throw new MusterError('USAGE', `--days is '${options.days}'; expected a number above 0`);
  const ca = await loadCa(options.dir);
  const out = options.out ?? options.dir;
  await mkdir(out, { recursive: true, mode: 0o700 });
  const sans = options.san?.map((san) => san.replace(/^(DNS|IP):/, ''));
  const files = await ca.issueToFiles({
    dir: out,
    name,
    role,
    days,
    ...(sans === undefined ? {} : { sans }),
  });
  if (options.json) sayJson(files);
  else say(`issued ${files.certificate} (${role}, ${days} days)`);
}

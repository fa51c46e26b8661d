import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { labStateText } from './lib/lab-text.ts';
import { paint, say, sayJson } from './lib/output.ts';
import { LAB_DIR, readSettings } from './lib/settings.ts';

interface LabOptions {
  readonly stateDir: string;
  readonly json?: true;
}
interface LaunchOptions extends LabOptions {
  readonly region: string;
  readonly count: string;
  readonly group: string;
  readonly fact?: string[];
  readonly instanceId?: string;
}

/** `muster lab`: Puppet Servers, broker, EC2 and instances on this one machine, for trying and testing. */
export default {
  name: 'lab',
  register(program: Command): void {
    const lab = program
      .command('lab')
      .description('a whole collective on this machine: Puppet Servers, broker, local EC2 (root on Debian)');
    const sub = (text: string, description: string): Command =>
      lab
        .command(text)
        .description(description)
        .option('--state-dir <folder>', 'state of the lab', LAB_DIR)
        .option('--json', 'print one JSON document');
    sub('up', 'start it and leave it running; config for the other commands: STATE/muster.yaml').action(up);
    sub('status', 'what runs').action(status);
    sub('down', 'end it; nothing is left').action(down);
    sub('launch', 'launch instances that run user data of a group')
      .option('--region <name>', 'EC2 region', 'eu-west-1')
      .option('--count <n>', 'how many', '1')
      .option('--group <name>', 'group of the config', 'web')
      .option('--fact <name=value...>', 'facts of your own')
      .option('--instance-id <id>', 'force the instance id (the lab only): to use a name again')
      .action(launch);
    sub('terminate', 'terminate instances')
      .argument('<ids...>', 'instance ids')
      .option('--region <name>', 'EC2 region', 'eu-west-1')
      .action(terminate);
    sub('master', 'start one more Puppet Server, with a CA of its own')
      .argument('<name>', 'short name, e.g. puppet-ap')
      .requiredOption('--region <name>', 'region that it serves')
      .requiredOption('--country <code>', 'its country')
      .action(addMaster);
  },
} satisfies CliCommand;

async function up(options: LabOptions): Promise<void> {
  const { labUp } = await import('../../infra/lab/up.ts');
  const { showLabProgress } = await import('./lib/lab-text.ts');
  const { buildBundle } = await import('../../agent/bundle.ts');
  const lab = await labUp({ stateDir: options.stateDir, attached: false, onProgress: showLabProgress });
  await buildBundle(lab.info.mirror.dir);
  if (options.json) return sayJson(lab.info);
  say(`the lab is up; its config is ${lab.info.controllerConfig}`);
  say(
    `next: ${paint('bold', 'npx muster controller')} in one terminal, ${paint('bold', 'npx muster lab launch')} in another, then ${paint('bold', 'npx muster runs --watch')}`,
  );
  say(`end it: ${paint('bold', 'npx muster lab down')}`);
}

async function status(options: LabOptions): Promise<void> {
  const { labStatus } = await import('../../infra/lab/up.ts');
  const state = await labStatus({ stateDir: options.stateDir });
  if (options.json) sayJson(state);
  else say(labStateText(state));
}

async function down(options: LabOptions): Promise<void> {
  const { labDown } = await import('../../infra/lab/up.ts');
  await labDown({ stateDir: options.stateDir });
  if (options.json) sayJson({ state: 'down' });
  else say('the lab is down');
}

async function launch(options: LaunchOptions): Promise<void> {
  const { count } = await import('./lib/numbers.ts');
  const { launchInLab } = await import('./lib/launch.ts');
  const config = await readSettings({ config: `${options.stateDir}/muster.yaml` });
  const instances = await launchInLab(config, {
    region: options.region,
    count: count('--count', options.count),
    group: options.group,
    facts: options.fact ?? [],
    ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
  });
  if (options.json) sayJson({ instances });
  else for (const one of instances) say(`${one.id}  ${one.privateIp ?? ''}  ${one.region}  ${one.state}`);
}

async function terminate(ids: string[], options: LabOptions & { readonly region: string }): Promise<void> {
  const { withEc2 } = await import('./lib/launch.ts');
  const { terminateInstances } = await import('../ec2/terminate.ts');
  const config = await readSettings({ config: `${options.stateDir}/muster.yaml` });
  const unknown = await withEc2(config, (ec2) => terminateInstances(ec2, options.region, ids));
  const known = ids.filter((id) => !unknown.includes(id));
  if (options.json) sayJson({ terminating: known, unknown });
  else if (known.length > 0) say(`terminating ${known.join(', ')}`);
  if (unknown.length > 0)
    throw new MusterError('NOT_FOUND', `EC2 knows nothing of ${unknown.join(', ')} in ${options.region}`);
}

async function addMaster(
  name: string,
  options: LabOptions & { readonly region: string; readonly country: string },
): Promise<void> {
  const { labClient } = await import('../../infra/lab/client.ts');
  const master = await labClient(options.stateDir).addMaster({
    name,
    region: options.region,
    country: options.country,
  });
  if (options.json) sayJson(master);
  else say(`${master.fqdn} serves ${options.region}`);
}

/** A command line as a person types it. */
export interface Typed {
  readonly line: string;
  /** Its answers come in no promised order: they are compared sorted, line by line or block by block. */
  readonly anyOrder?: 'lines' | 'blocks';
}

/** Ids of the two nodes of the session, so that names and widths are those of the goldens. */
export const NODES = {
  'eu-west-1': 'i-0c0ffee0000000001',
  'us-east-1': 'i-0c0ffee0000000002',
} as const;

const EU = `${NODES['eu-west-1']}.lab.test`;
const GONE = 'i-0c0ffee0000000009.lab.test';
const anyLines = (line: string): Typed => ({ line, anyOrder: 'lines' });
const anyBlocks = (line: string): Typed => ({ line, anyOrder: 'blocks' });
const typed = (...lines: string[]): Typed[] => lines.map((line) => ({ line }));

/** The chapters of the session, one golden each: what the users of `mco` have in their fingers. *Source:* the seeds' commands. */
export const CHAPTERS: Readonly<Record<string, readonly Typed[]>> = {
  '01-who-is-there': [
    anyLines('muster ping'),
    anyLines('muster ping -W role=web'),
    ...typed(
      `muster ping -t 1 -I ${EU} -I ${GONE}`,
      `muster ping -t 1 -I ${GONE}`,
      'muster find -W role=web',
      'muster find -W "role=web /^base/"',
      'muster find -F ec2_placement_region=eu-west-1',
      'muster find -A puppetca',
      'muster find -I /^puppet-/',
      `muster find -S "(role=web and country=us) or agent('puppetca').served=true"`,
      `muster find -S "fstat('/etc/motd').md5=~/^[0-9a-f]+$/" -C base::motd`,
      'muster find --ln 50% --limit-seed 7',
      'muster find -F role=nosuch',
      'muster facts role',
      'muster facts ec2_placement_region -v',
      'muster facts nosuch',
      'muster inventory puppet-eu.lab.test',
      'muster inventory --list-collectives',
    ),
  ],
  '02-asking': [
    anyBlocks('muster rpc rpcutil get_fact fact=role'),
    anyBlocks('muster rpc rpcutil get_fact fact=country --wf role=web -v'),
    ...typed(
      'muster rpc rpcutil get_fact fact=country -I puppet-us.lab.test -j',
      'muster rpc rpcutil ping -W role=web --senders',
      'muster rpc rpcutil get_fact fact=country -W role=web --table',
      'muster rpc rpcutil get_fact fact=country --batch 1 --batch-sleep 0 --sort',
      'muster rpc rpcutil get_fact fact=country --sort --filter-replies \'data("value") == "us"\'',
      `muster data fstat /etc/motd -I ${EU}`,
      `muster rpc rpcutil get_fact fact=role -t 1 -I ${EU} -I ${GONE}`,
    ),
  ],
  '03-chaining': [
    { line: 'muster find -F country=us | muster rpc rpcutil get_fact fact=role', anyOrder: 'blocks' },
    ...typed(
      'muster rpc rpcutil get_fact fact=role -W role=web -j | muster puppet count',
      'muster find -W role=nosuch | muster puppet status',
      'muster rpc rpcutil nosuch -j | muster puppet status',
      'muster find | head -n 1',
    ),
  ],
  '04-puppet': typed(
    'muster puppet count',
    'muster puppet runonce -W role=web --force --wait',
    'muster puppet disable "kernel upgrade, ask Ada" -W role=web',
    'muster rpc puppet status -W role=web --sort',
    'muster puppet runonce -W role=web',
    'muster puppet disable -W role=web',
    'muster puppet enable -W role=web',
    'muster puppet -W role=web status',
    'MUSTER_EXTRA_OPTS="-q -W role=web" muster puppet count',
    'muster puppet summary -W role=web',
    `muster puppet last_run -I ${EU}`,
    'muster puppet disable "everything"',
    'muster puppet disable "not mine" -I puppet-eu.lab.test',
    'muster puppet resource user ada ensure=present -W role=web',
    'muster puppet runall 2',
  ),
  '05-services-packages-checks': typed(
    'muster service shop status -W role=web',
    'muster service shop restart -W role=web',
    'muster service restart shop -W role=web',
    `muster service shop stop -I ${EU}`,
    'muster service status shop -W role=web',
    'muster service start shop -W role=web',
    'muster service nosuch status -W role=web',
    'muster service shop reload',
    'muster package bash status -W role=web',
    'muster package status nosuch -W role=web',
    'muster package bash purge -I puppet-eu.lab.test',
    'muster nrpe check_disk -W role=web',
    'muster nrpe check_queue -W role=web -v',
    'muster nrpe check_queue -W role=web --nagios',
    'muster nrpe check_nosuch -W role=web',
  ),
  '06-mistakes': typed(
    'muster pign',
    'muster rpc rpcutil get_fakt fact=role',
    'muster rpc rpcutli ping',
    'muster rpc rpcutil get_fact',
    'muster rpc rpcutil get_fact fcat=role',
    'muster rpc rpcutil get_fact role',
    'muster find -F role',
    'muster find -S "role=web and (country=us"',
    'muster find --wiht-fact role=web',
    'muster find --dm mc -W role=web',
    'muster puppet statsu',
    'muster puppet',
    'muster nrpe "check disk"',
    'muster rpc rpcutil ping --batch much',
    `muster find -S "fstat('/etc/motd').sha=~/^0/"`,
    'muster ping -T nosuch',
    'muster inventory nobody.lab.test -t 1',
  ),
  '07-reading': typed(
    'muster rpc rpcutil --help',
    'muster rpc rpcutil get_fact --help',
    'muster plugin doc',
    'muster plugin doc service',
    'muster plugin doc servcie',
    `muster describe_filter -W "role=web /^base/" -S "not fstat('/etc/nologin').present=1"`,
    'muster help pupet',
    'muster help puppet enable',
    'muster completion bash | head -n 3',
  ),
};

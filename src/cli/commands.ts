import type { CliCommand } from './lib/command.ts';

/** Gives the module of a command; it is loaded only then, for the start of a command line is waited for each time. */
type LoadCommand = () => Promise<{ readonly default: CliCommand }>;

/** Every command by its name, in the groups and in the order of `muster help`. */
export const COMMAND_GROUPS: Readonly<Record<string, Readonly<Record<string, LoadCommand>>>> = {
  'The fleet:': {
    ping: () => import('./ping.ts'),
    find: () => import('./find.ts'),
    facts: () => import('./facts.ts'),
    inventory: () => import('./inventory.ts'),
    rpc: () => import('./rpc.ts'),
    puppet: () => import('./puppet.ts'),
    package: () => import('./package.ts'),
    service: () => import('./service.ts'),
    nrpe: () => import('./nrpe.ts'),
    ral: () => import('./ral.ts'),
    data: () => import('./data.ts'),
    plugin: () => import('./plugin.ts'),
    'describe-filter': () => import('./describe-filter.ts'),
  },
  'New instances:': {
    runs: () => import('./runs.ts'),
    run: () => import('./run.ts'),
    masters: () => import('./masters.ts'),
    token: () => import('./token.ts'),
    quarantine: () => import('./quarantine.ts'),
    refusals: () => import('./refusals.ts'),
  },
  'Who may, and who did:': {
    policy: () => import('./policy.ts'),
    audit: () => import('./audit.ts'),
    ca: () => import('./ca.ts'),
    broker: () => import('./broker.ts'),
  },
  'Set up:': {
    init: () => import('./init.ts'),
    controller: () => import('./controller.ts'),
    daemon: () => import('./daemon.ts'),
    userdata: () => import('./userdata.ts'),
    bundle: () => import('./bundle.ts'),
  },
  'Try it, look it up:': {
    demo: () => import('./demo.ts'),
    lab: () => import('./lab.ts'),
    docs: () => import('./docs.ts'),
    completion: () => import('./completion.ts'),
  },
};

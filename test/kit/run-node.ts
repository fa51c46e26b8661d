import { createHash } from 'node:crypto';
import { MusterError } from '../../src/core/errors.ts';
import { caOf, type FakeMaster } from './run-master.ts';
import type { Actions, World } from './run-world.ts';

/** One Puppet run on a node that is made up. */
interface FakeRun {
  readonly environment: string;
  readonly startedAtMs: number;
  endedAtMs: number | null;
  exitcode: number | null;
}

/** A node that is made up. */
export interface FakeNode {
  readonly identity: string;
  readonly spki: string;
  collective: string;
  silent: boolean;
  lock: string | null;
  puppetIp: string | null;
  /** Identity of the master whose CA signed what the node holds. */
  cert: string | null;
  disabled: boolean;
  resident: boolean;
  readonly runs: Map<string, FakeRun>;
  /** How a Puppet run ends; -1: never. */
  exitcode: (environment: string) => number;
  puppetMs: number;
}

/** Adds a node in the provisioning collective and gives it back. */
export function addNode(world: World, identity: string): FakeNode {
  const spki = createHash('sha256').update(identity).digest('hex');
  const node: FakeNode = {
    ...{
      identity,
      spki,
      collective: 'provisioning',
      silent: false,
      lock: null,
      puppetIp: null,
      cert: null,
      disabled: false,
      resident: false,
    },
    ...{ runs: new Map(), exitcode: () => 0, puppetMs: 20 },
  };
  world.nodes.set(identity, node);
  return node;
}

/** What the agents on a node do. */
export function nodeActions(node: FakeNode, world: World): Actions {
  const masterOf = () =>
    [...world.masters.values()].find((master) => master.facts.ipaddress === node.puppetIp);
  const change = () => void world.changes++;
  const common: Actions = {
    'rpcutil#ping': () => ({ pong: 1 }),
    'rpcutil#inventory': () => ({
      ...{ agents: ['rpcutil', ...(node.disabled ? [] : ['provision'])], facts: {}, classes: [] },
      ...{ collectives: [node.collective], main_collective: node.collective, version: '1' },
    }),
  };
  if (node.disabled) return common;
  return {
    ...common,
    'provision#lock_deploy': ({ owner }: { owner: string }) => {
      if (node.lock !== null && node.lock !== owner)
        throw new MusterError('NODE_LOCKED', `locked by ${node.lock}`);
      const changed = node.lock === null;
      if (changed) change();
      node.lock = owner;
      return { owner, changed };
    },
    'provision#unlock_deploy': ({ owner }: { owner?: string }) => {
      const unlocked = node.lock !== null && (owner === undefined || node.lock === owner);
      if (unlocked) change();
      node.lock = unlocked ? null : node.lock;
      return { unlocked };
    },
    'provision#set_puppet_host': ({ ipaddress }: { ipaddress: string }) => {
      const changed = node.puppetIp !== ipaddress;
      if (changed) change();
      node.puppetIp = ipaddress;
      return { changed };
    },
    'provision#has_cert': ({ ca_pem }: { ca_pem?: string }) => {
      const master = masterOf();
      const known = master?.certs.get(node.identity);
      if (known?.state === 'signed' && known.spki === node.spki) node.cert = master?.identity ?? null;
      const has = node.cert !== null && (ca_pem === undefined || ca_pem === caOf(node.cert));
      return { has_cert: has, reason: has ? '' : 'there is no certificate' };
    },
    'provision#request_certificate': () => {
      const master = masterOf();
      if (master === undefined || master.server !== 'running')
        throw new MusterError('MASTER_UNREACHABLE', 'connection refused');
      if (!master.certs.has(node.identity)) {
        master.certs.set(node.identity, { state: 'requested', spki: node.spki });
        change();
      }
      return { output: 'sent', exitcode: 0, spki_sha256: node.spki };
    },
    'provision#bootstrap_puppet': (input: RunInput) => puppet(node, world, masterOf(), input),
    'provision#run_puppet': (input: RunInput) => puppet(node, world, masterOf(), input),
    'provision#daemonize_puppet': () => {
      if (!node.resident) change();
      node.resident = true;
      return { output: 'started', exitcode: 0 };
    },
    'provision#is_disabled': () => ({ disabled: false }),
    'provision#disable_provisioner': ({ collective }: { collective?: string }) => {
      change();
      node.disabled = true;
      node.collective = collective ?? node.collective;
      return { disabled: true };
    },
  };
}

interface RunInput {
  readonly run?: string;
  readonly environment: string;
}

function puppet(
  node: FakeNode,
  world: World,
  master: FakeMaster | undefined,
  { run = 'unnamed', environment }: RunInput,
) {
  const known = node.runs.get(run) ?? begin(node, world, master, run, environment);
  const bad = known.exitcode !== null && known.exitcode !== 0 && known.exitcode !== 2;
  return {
    run,
    state: known.endedAtMs === null ? ('running' as const) : ('finished' as const),
    verdict: known.endedAtMs === null ? null : bad ? ('bad' as const) : ('good' as const),
    reason: bad ? `exit code ${known.exitcode}` : null,
    exitcode: known.exitcode,
    environment,
    failed_resources: bad ? [{ resource: 'File[/etc/motd]', message: 'no such directory' }] : [],
    output: 'Info: Applying configuration\nNotice: Applied catalog\n',
    started_at_ms: known.startedAtMs,
    ended_at_ms: known.endedAtMs,
  };
}

function begin(
  node: FakeNode,
  world: World,
  master: FakeMaster | undefined,
  name: string,
  environment: string,
): FakeRun {
  const run: FakeRun = { environment, startedAtMs: Date.now(), endedAtMs: null, exitcode: null };
  node.runs.set(name, run);
  world.changes++;
  if (master !== undefined) {
    master.runs++;
    master.peakRuns = Math.max(master.peakRuns, master.runs);
  }
  const exitcode = node.exitcode(environment);
  const end = () => {
    run.endedAtMs = Date.now();
    run.exitcode = exitcode;
    if (master !== undefined) master.runs--;
    world.onRunEnded(node.identity, name);
  };
  if (exitcode >= 0) setTimeout(end, node.puppetMs).unref();
  return run;
}

import type { Actions, World } from './run-world.ts';

/** A master that is made up. */
export interface FakeMaster {
  readonly identity: string;
  readonly facts: Record<string, string>;
  server: 'running' | 'starting' | 'unreachable';
  silent: boolean;
  /** Happens after the look at a request and before it is signed. */
  beforeSign: (certname: string) => void;
  readonly certs: Map<string, { state: 'requested' | 'signed' | 'revoked'; spki: string }>;
  runs: number;
  peakRuns: number;
}

/** Adds a master that runs, of this region, and gives it back. */
export function addMaster(world: World, identity: string, facts: Record<string, string> = {}): FakeMaster {
  const address = `192.0.2.${world.masters.size + 1}`;
  const master: FakeMaster = {
    identity,
    facts: { ipaddress: address, ...facts },
    server: 'running',
    silent: false,
    beforeSign: () => undefined,
    certs: new Map(),
    runs: 0,
    peakRuns: 0,
  };
  world.masters.set(identity, master);
  return master;
}

/** What the agents on a master do. */
export function masterActions(master: FakeMaster, world: World): Actions {
  return {
    'rpcutil#inventory': () => ({
      agents: ['puppetca', 'rpcutil'],
      facts: master.facts,
      classes: [],
      collectives: ['mcollective'],
      main_collective: 'mcollective',
      version: '1',
    }),
    'puppetca#status': ({ certname }: { certname?: string }) => {
      const known = certname === undefined ? undefined : master.certs.get(certname);
      const state =
        certname === undefined || master.server === 'unreachable' ? null : (known?.state ?? 'none');
      return {
        server: master.server,
        ca_pem: caOf(master.identity),
        state,
        spki_sha256: known?.spki ?? null,
        fingerprint: null,
      };
    },
    'puppetca#clean': ({ certname }: { certname: string }) => {
      const known = master.certs.get(certname);
      if (master.certs.delete(certname)) world.changes++;
      return { revoked: known?.state === 'signed', dropped: known?.state === 'requested' };
    },
    'puppetca#sign': ({ certname, spki_sha256 }: { certname: string; spki_sha256: string }) => {
      master.beforeSign(certname);
      const known = master.certs.get(certname);
      const changed = known?.state === 'requested' && known.spki === spki_sha256;
      if (changed) {
        master.certs.set(certname, { state: 'signed', spki: spki_sha256 });
        world.changes++;
      }
      return { changed, fingerprint: 'AA:BB' };
    },
  };
}

/** What stands for the CA's certificate of a master. */
export function caOf(master: string): string {
  return `CA of ${master}\n-----BEGIN CERTIFICATE-----`;
}

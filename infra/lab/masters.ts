import { writeFile } from 'node:fs/promises';
import { MusterError } from '../../src/core/errors.ts';
import type { Box, CreateBox } from './box.ts';
import { renderHostsHead } from './hosts.ts';
import type { LabPaths } from './layout.ts';
import { bootMaster, startMasterDaemon, waitForDaemon, waitForPuppetServer, warmMaster } from './master.ts';
import { type MasterSpec, masterFqdn, nextMasterIp } from './master-config.ts';
import { muster } from './muster.ts';
import { issueCertificate } from './pki.ts';

/** How far a master is. */
type MasterState = 'booting' | 'warming' | 'running' | 'stopped' | 'failed';

/** A master and its state, as `muster lab status` shows it. */
export interface MasterStatus extends MasterSpec {
  fqdn: string;
  state: MasterState;
}

interface Master {
  spec: MasterSpec;
  state: MasterState;
  box: Box | undefined;
}

/** What the masters need of the lab. */
export interface MastersOptions {
  paths: LabPaths;
  createBox: CreateBox;
  /** Rewrites /etc/hosts in every box. */
  refreshHosts: () => Promise<void>;
  /** Names of everybody who is connected to the broker. */
  connectedUsers: () => Promise<readonly string[]>;
}

/** The Puppet servers of one lab. */
export class Masters {
  readonly #options: MastersOptions;
  readonly #masters = new Map<string, Master>();

  constructor(options: MastersOptions) {
    this.#options = options;
  }

  list(): MasterStatus[] {
    return [...this.#masters.values()].map(({ spec, state }) => ({ ...spec, fqdn: masterFqdn(spec), state }));
  }

  /** Enters a master, so that every /etc/hosts has it. Throws CONFLICT when there is one of this name. */
  async enter(wanted: Omit<MasterSpec, 'ip'> & { ip?: string }): Promise<MasterSpec> {
    if (this.#masters.has(wanted.name))
      throw new MusterError('CONFLICT', `there is a master ${wanted.name} already`);
    const ip = wanted.ip ?? nextMasterIp(this.list());
    if (ip === undefined) throw new MusterError('CONFLICT', 'no address is left for a master');
    const spec = { name: wanted.name, region: wanted.region, country: wanted.country, ip };
    this.#masters.set(spec.name, { spec, state: 'booting', box: undefined });
    await this.#hostsChanged();
    return spec;
  }

  /** Boots it and waits until Puppet Server is up and warm. Throws LAB_FAILED. */
  async boot(name: string): Promise<void> {
    const master = this.#get(name);
    const { paths, createBox } = this.#options;
    try {
      master.box = await bootMaster(paths, createBox, master.spec);
      await waitForPuppetServer(master.box);
      master.state = 'warming';
      await warmMaster(master.box);
    } catch (error) {
      master.state = 'failed';
      throw error;
    }
  }

  /** Gives a master its certificate of the collective CA and lets it in to the broker. Throws LAB_FAILED. */
  async admit(name: string): Promise<void> {
    const { paths } = this.#options;
    const fqdn = masterFqdn(this.#get(name).spec);
    await issueCertificate(paths, { name: fqdn, role: 'master' });
    await muster(['broker', 'setup', '--config', paths.musterYaml, '--master', fqdn]);
  }

  /** Starts Muster's daemon on a booted and admitted master, and waits until it is on the bus. Throws LAB_FAILED. */
  async join(name: string): Promise<void> {
    const master = this.#get(name);
    const { paths, connectedUsers } = this.#options;
    if (master.box !== undefined) {
      await startMasterDaemon(paths, master.box, master.spec);
      await waitForDaemon(master.box, async () => (await connectedUsers()).includes(masterFqdn(master.spec)));
    }
    master.state = 'running';
  }

  /** Powers it off (at once with `graceS` 0, as if it had crashed) or on again; its disk stays. */
  async power(name: string, action: 'stop' | 'crash' | 'start'): Promise<void> {
    const master = this.#get(name);
    if (action !== 'start') {
      await master.box?.stop({ graceS: action === 'crash' ? 0 : 10 });
      master.state = 'stopped';
      return;
    }
    master.state = 'booting';
    await master.box?.start();
    if (master.box !== undefined) await waitForPuppetServer(master.box);
    master.state = 'running';
  }

  /** Throws a master away, with its CA. */
  async remove(name: string): Promise<void> {
    const master = this.#get(name);
    this.#masters.delete(name);
    await master.box?.destroy();
    await this.#hostsChanged();
  }

  /** Head of /etc/hosts at the moment. */
  hostsHead(): string {
    return renderHostsHead([...this.#masters.values()].map((master) => master.spec));
  }

  async #hostsChanged(): Promise<void> {
    // In place: the file is bind-mounted over the lab's own /etc/hosts.
    await writeFile(this.#options.paths.hosts, this.hostsHead());
    await this.#options.refreshHosts();
  }

  #get(name: string): Master {
    const master = this.#masters.get(name);
    if (master === undefined) throw new MusterError('NOT_FOUND', `there is no master ${name}`);
    return master;
  }
}

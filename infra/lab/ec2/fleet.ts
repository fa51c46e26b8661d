import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/core/clock.ts';
import type { Log } from '../../../src/core/log.ts';
import { dnsNameOf, freeAddress, hostnameOf, isAssignable, macOf } from './addresses.ts';
import { type Instance, type InstanceSpec, isLive } from './instance.ts';
import type { Machines } from './machines.ts';
import { Power } from './power.ts';
import { badValue, Refusal } from './refusal.ts';
import type { Region } from './regions.ts';

const TERMINATED_STAYS_MS = 3_600_000;

/** Wishes beside the spec that only one instance can have. */
export interface Wishes {
  readonly id?: string | undefined;
  readonly address?: string | undefined;
}

/** What the fleet is built on. */
export interface FleetOptions {
  readonly machines: Machines;
  readonly clock: Clock;
  /** First two numbers of every address, e.g. `10.77`. */
  readonly network: string;
  /** Live instances in all regions together. */
  readonly capacity: number;
  /** How long a new instance stays unknown to the API, in seconds. */
  readonly hideNewS: () => number;
  readonly log: Log;
}

/** All instances of all regions. */
export class Fleet {
  readonly power: Power;
  readonly #options: FleetOptions;
  readonly #instances = new Map<string, Instance>();
  #launched = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.power = new Power(options);
  }

  /** Adds an instance in state `pending` and starts it. @throws Refusal when there is no room, id or address for it */
  launch(spec: InstanceSpec, wishes: Wishes): Instance {
    const { capacity, machines } = this.#options;
    if (this.all().filter(isLive).length >= capacity) {
      throw new Refusal('InstanceLimitExceeded', `You have requested more than ${capacity} instances`);
    }
    const id = this.#chooseId(wishes.id);
    const address = this.#chooseAddress(spec.region, wishes.address);
    const instance = this.#record(id, address, spec);
    // Removed first so that a reused id comes last in the order of the map, as its sequence says.
    this.#instances.delete(id);
    this.#instances.set(id, instance);
    const { hostname, dnsName } = instance;
    const onDown = () => this.power.wentDown(instance);
    this.power.launch(instance, machines.create({ instanceId: id, address, hostname, dnsName, onDown }));
    return instance;
  }

  /** Those of a region that the API shows now, in order of launch. */
  visible(region: Region): Instance[] {
    const nowMs = this.#options.clock.nowMs();
    for (const { id, terminatedAtMs } of this.all()) {
      if (terminatedAtMs !== undefined && nowMs - terminatedAtMs > TERMINATED_STAYS_MS)
        this.#instances.delete(id);
    }
    return this.all().filter((each) => each.spec.region === region && each.visibleFromMs <= nowMs);
  }

  /** Every instance, hidden ones too. */
  all(): Instance[] {
    return [...this.#instances.values()];
  }

  /** The one whose machine has this address and is on. */
  byAddress(address: string): Instance | undefined {
    return this.#holders().find((instance) => instance.address === address && instance.state !== 'stopped');
  }

  /** An instance keeps its address until it has come to its end. */
  #holders(): Instance[] {
    return this.all().filter(({ state }) => state !== 'terminated');
  }

  #record(id: string, address: string, spec: InstanceSpec): Instance {
    const nowMs = this.#options.clock.nowMs();
    this.#launched += 1;
    return {
      id,
      spec,
      address,
      mac: macOf(address),
      hostname: hostnameOf(address),
      dnsName: dnsNameOf(address, spec.region),
      tags: new Map(spec.tags),
      sequence: this.#launched,
      createdAtMs: nowMs,
      visibleFromMs: nowMs + this.#options.hideNewS() * 1000,
      state: 'pending',
      stateReason: { code: 'pending', message: 'pending' },
      transitionReason: '',
      poweredOnAtMs: nowMs,
      terminatedAtMs: undefined,
    };
  }

  #chooseId(wish: string | undefined): string {
    if (wish === undefined) return `i-0${randomBytes(8).toString('hex')}`;
    if (!/^i-[0-9a-f]{17}$/.test(wish)) throw badValue(`'${wish}' is not i- and 17 hex digits`);
    const holder = this.#instances.get(wish);
    if (holder && holder.state !== 'terminated') throw badValue(`Instance ${wish} is still ${holder.state}`);
    return wish;
  }

  #chooseAddress(region: Region, wish: string | undefined): string {
    const { network } = this.#options;
    const taken = new Set(this.#holders().map((instance) => instance.address));
    if (wish === undefined) {
      const address = freeAddress(network, region, (each) => taken.has(each));
      if (address !== undefined) return address;
      throw new Refusal(
        'InsufficientFreeAddressesInSubnet',
        'There are not enough free addresses in the subnet.',
      );
    }
    if (!isAssignable(network, region, wish))
      throw badValue(`Address ${wish} does not fall within the subnet's range`);
    if (taken.has(wish)) throw new Refusal('InvalidIPAddress.InUse', `Address ${wish} is in use.`);
    return wish;
  }
}

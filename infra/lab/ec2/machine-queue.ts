import type { Log } from '../../../src/core/log.ts';
import type { Instance } from './instance.ts';
import type { Machine } from './machines.ts';

interface Slot {
  readonly machine: Machine;
  tail: Promise<void>;
}

/** One thing after another on each machine, different machines side by side. */
export class MachineQueue {
  readonly #slots = new WeakMap<Instance, Slot>();
  readonly #busy = new Set<Promise<void>>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Says which machine is the instance's. */
  add(instance: Instance, machine: Machine): void {
    this.#slots.set(instance, { machine, tail: Promise.resolve() });
  }

  machineOf(instance: Instance): Machine | undefined {
    return this.#slots.get(instance)?.machine;
  }

  /** Appends `work`. When it fails that is logged, and `onFailure` sets things right. */
  enqueue(
    instance: Instance,
    work: (machine: Machine) => Promise<void>,
    onFailure: () => void = () => {},
  ): void {
    const slot = this.#slots.get(instance);
    if (!slot) return;
    const tail = slot.tail
      .then(() => work(slot.machine))
      .catch((error: unknown) => {
        this.#log.error({ instanceId: instance.id, err: error }, 'machine did not follow');
        onFailure();
      });
    slot.tail = tail;
    this.#busy.add(tail);
    void tail.finally(() => this.#busy.delete(tail));
  }

  /** Waits until every machine has followed. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }
}

import type { Clock } from '../../../src/core/clock.ts';
import type { Log } from '../../../src/core/log.ts';
import type { Instance, InstanceState, StateReason } from './instance.ts';
import { MachineQueue } from './machine-queue.ts';
import type { Machine } from './machines.ts';
import { Refusal } from './refusal.ts';

const PENDING = { code: 'pending', message: 'pending' };
const FAILED = reason('Server.InternalError', 'Internal error on launch');
const BY_USER = reason('Client.UserInitiatedShutdown', 'User initiated shutdown');
const BY_ITSELF = reason('Client.InstanceInitiatedShutdown', 'Instance initiated shutdown');

/**
 * Moves instances through EC2's states. The state changes at once, the machine follows in order. `start`, `stop` and
 * `reboot` change either all or, with Refusal IncorrectInstanceState, none.
 */
export class Power {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #queue: MachineQueue;

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#queue = new MachineQueue(log);
  }

  /** The first power-on; when it fails the instance is terminated. */
  launch(instance: Instance, machine: Machine): void {
    this.#queue.add(instance, machine);
    this.#switchOn(instance, () => this.#discard(instance));
  }

  start(instances: readonly Instance[]): void {
    demand(instances, ['stopped', 'running', 'pending'], 'started');
    for (const instance of instances.filter(({ state }) => state === 'stopped')) {
      // pendingTime names a power-on, in whole seconds: two of one second would be one name for two.
      instance.poweredOnAtMs = Math.max(this.#clock.nowMs(), instance.poweredOnAtMs + 1000);
      instance.stateReason = PENDING;
      instance.transitionReason = '';
      this.#move(instance, 'pending');
      this.#switchOn(instance, () => this.#move(instance, 'stopped'));
    }
  }

  stop(instances: readonly Instance[], isForced: boolean): void {
    demand(instances, ['running', 'stopping', 'stopped', ...(isForced ? PENDING_TOO : [])], 'stopped');
    for (const instance of instances.filter(isOn)) this.#halt(instance, BY_USER);
  }

  reboot(instances: readonly Instance[]): void {
    demand(instances, ['running'], 'rebooted');
    for (const instance of instances) {
      this.#queue.enqueue(instance, async (machine) => {
        if (!isIn(instance, 'running')) return;
        await machine.powerOff();
        if (isIn(instance, 'running')) await machine.powerOn();
      });
    }
  }

  terminate(instances: readonly Instance[]): void {
    for (const instance of instances) {
      if (isIn(instance, 'terminated') || isIn(instance, 'shutting-down')) continue;
      this.#leave(instance, 'shutting-down', BY_USER);
      this.#discard(instance);
    }
  }

  /** The machine went down by itself. */
  wentDown(instance: Instance): void {
    if (!isOn(instance)) return;
    if (instance.spec.shutdownBehavior === 'stop') {
      this.#halt(instance, BY_ITSELF);
    } else {
      this.#leave(instance, 'shutting-down', BY_ITSELF);
      this.#discard(instance);
    }
  }

  async console(instance: Instance): Promise<Buffer> {
    return (await this.#queue.machineOf(instance)?.console()) ?? Buffer.alloc(0);
  }

  /** Waits until every machine has followed. */
  settled(): Promise<void> {
    return this.#queue.settled();
  }

  #switchOn(instance: Instance, onFailure: () => void): void {
    const work = async (machine: Machine): Promise<void> => {
      // Stopped or terminated while it waited for its turn: no need to start it first.
      if (!isIn(instance, 'pending')) return;
      await machine.powerOn();
      if (!isIn(instance, 'pending')) return;
      instance.stateReason = undefined;
      this.#move(instance, 'running');
    };
    this.#queue.enqueue(instance, work, () => {
      if (!isIn(instance, 'pending')) return;
      instance.stateReason = FAILED;
      onFailure();
    });
  }

  #halt(instance: Instance, why: StateReason): void {
    this.#leave(instance, 'stopping', why);
    this.#queue.enqueue(instance, async (machine) => {
      await machine.powerOff();
      if (isIn(instance, 'stopping')) this.#move(instance, 'stopped');
    });
  }

  #discard(instance: Instance): void {
    const end = (): void => {
      this.#move(instance, 'terminated');
      instance.terminatedAtMs = this.#clock.nowMs();
    };
    this.#queue.enqueue(instance, async (machine) => machine.discard().then(end), end);
  }

  #leave(instance: Instance, state: 'stopping' | 'shutting-down', why: StateReason): void {
    const time = new Date(this.#clock.nowMs()).toISOString().slice(0, 19).replace('T', ' ');
    instance.stateReason = why;
    instance.transitionReason = why === BY_USER ? `User initiated (${time} GMT)` : '';
    this.#move(instance, state);
  }

  #move(instance: Instance, state: InstanceState): void {
    this.#log.info({ instanceId: instance.id, from: instance.state, to: state }, 'instance changes state');
    instance.state = state;
  }
}

const PENDING_TOO: readonly InstanceState[] = ['pending'];

function isOn({ state }: Instance): boolean {
  return state === 'running' || state === 'pending';
}

/** A function, because TypeScript would not believe that a state read before a wait has changed since. */
function isIn(instance: Instance, state: InstanceState): boolean {
  return instance.state === state;
}

function demand(instances: readonly Instance[], allowed: readonly InstanceState[], verb: string): void {
  const wrong = instances.find(({ state }) => !allowed.includes(state));
  if (!wrong) return;
  const message = `The instance '${wrong.id}' is not in a state from which it can be ${verb} (it is ${wrong.state}).`;
  throw new Refusal('IncorrectInstanceState', message);
}

function reason(code: string, message: string): StateReason {
  return { code, message: `${code}: ${message}` };
}

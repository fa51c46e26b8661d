import type { Instance, InstanceState } from '../instance.ts';
import { type Action, type Call, requiredInstances, stopIfDry } from './call.ts';
import { stateXml } from './views.ts';
import type { Xml } from './xml.ts';

/** Does something to the named instances and answers with the state of each before and after. */
function changing(call: Call, change: (instances: readonly Instance[]) => void): Xml {
  const instances = requiredInstances(call);
  stopIfDry(call);
  const before = new Map<Instance, InstanceState>(instances.map((instance) => [instance, instance.state]));
  change(instances);
  const instancesSet = instances.map((instance) => ({
    instanceId: instance.id,
    currentState: stateXml(instance.state),
    previousState: stateXml(before.get(instance) ?? instance.state),
  }));
  return { instancesSet };
}

/** StartInstances: a new power-on, so a new pendingTime. */
export const startInstances: Action = {
  accepts: ['InstanceId'],
  run: (call) => changing(call, (instances) => call.fleet.power.start(instances)),
};

/** StopInstances: the disk and the address stay. */
export const stopInstances: Action = {
  accepts: ['InstanceId', 'Force'],
  run: (call) => changing(call, (instances) => call.fleet.power.stop(instances, call.form.flag('Force'))),
};

/** TerminateInstances: nothing stays but the entry in the list, for an hour. */
export const terminateInstances: Action = {
  accepts: ['InstanceId', 'Force', 'SkipOsShutdown'],
  run: (call) => changing(call, (instances) => call.fleet.power.terminate(instances)),
};

/** RebootInstances: the state stays `running`, and so does pendingTime. */
export const rebootInstances: Action = {
  accepts: ['InstanceId'],
  run(call) {
    const instances = requiredInstances(call);
    stopIfDry(call);
    call.fleet.power.reboot(instances);
    return { return: true };
  },
};

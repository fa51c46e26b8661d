import type { Instance } from '../instance.ts';
import { isoSeconds } from '../instance.ts';
import { badValue } from '../refusal.ts';
import { type Action, findInstances, stopIfDry } from './call.ts';
import type { Xml } from './xml.ts';

const ATTRIBUTES: Readonly<Record<string, (instance: Instance) => Xml>> = {
  disableApiTermination: () => ({ value: false }),
  ebsOptimized: () => ({ value: false }),
  instanceInitiatedShutdownBehavior: ({ spec }) => ({ value: spec.shutdownBehavior }),
  instanceType: ({ spec }) => ({ value: spec.instanceType }),
  rootDeviceName: () => ({ value: '/dev/xvda' }),
  userData: ({ spec }) => (spec.userData ? { value: spec.userData.toString('base64') } : {}),
};

/** DescribeInstanceAttribute: one attribute a call; user data as base64. */
export const describeInstanceAttribute: Action = {
  accepts: ['InstanceId', 'Attribute'],
  run(call) {
    const attribute = call.form.required('Attribute');
    const read = Object.hasOwn(ATTRIBUTES, attribute) ? ATTRIBUTES[attribute] : undefined;
    if (!read) throw badValue(`Value (${attribute}) for parameter attribute is invalid. Unknown attribute.`);
    const [instance] = findInstances(call, [call.form.required('InstanceId')]);
    stopIfDry(call);
    return instance && { instanceId: instance.id, [attribute]: read(instance) };
  },
};

/** GetConsoleOutput: the newest 64 KB; always as of now, whatever `Latest` says. */
export const getConsoleOutput: Action = {
  accepts: ['InstanceId', 'Latest'],
  async run(call) {
    const [instance] = findInstances(call, [call.form.required('InstanceId')]);
    stopIfDry(call);
    if (!instance) return undefined;
    const output = await call.fleet.power.console(instance);
    const timestamp = isoSeconds(call.clock.nowMs());
    return { instanceId: instance.id, timestamp, output: output.toString('base64') };
  },
};

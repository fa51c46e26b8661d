import type { Attestor } from '../core/attestor.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import type { MasterPicker } from '../core/picker.ts';
import { checkPlan, pluginOptions } from './check-plugins.ts';
import type { ControllerPlugins } from './controller.ts';
import type { Recipient } from './outbox.ts';
import { readRecipients } from './recipients.ts';

/** The plug-ins that the config asks for, with their options checked and filled in. */
export interface CheckedConfig {
  readonly picker: { readonly plugin: MasterPicker; readonly options: unknown };
  /** By group. */
  readonly attestors: ReadonlyMap<string, { readonly plugin: Attestor; readonly options: unknown }>;
  readonly recipients: ReadonlyMap<string, Recipient>;
}

/**
 * Checks everything in the config that names a plug-in, before anything starts. No I/O. Throws CONFIG_INVALID that
 * names the entry, e.g. `plan[2]` or `groups.web.options`, and the nearest known name.
 */
export function checkConfig(config: ControllerConfig, plugins: ControllerPlugins): CheckedConfig {
  checkPlan(config.plan, plugins.steps);
  const attestors = new Map<string, { plugin: Attestor; options: unknown }>();
  for (const [name, group] of Object.entries(config.groups)) {
    if (group.plan !== undefined) checkPlan(group.plan, plugins.steps, `groups.${name}.plan`);
    attestors.set(
      name,
      pluginOptions('attestor', plugins.attestors, group.attestor, group.options, `groups.${name}.options`),
    );
  }
  const { picker: name, options } = config.master;
  const picker = pluginOptions('picker', plugins.pickers, name, options, 'master.options');
  return { picker, attestors, recipients: readRecipients(config.notify, plugins.notifiers) };
}

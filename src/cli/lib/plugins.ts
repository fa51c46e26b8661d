import { fileURLToPath } from 'node:url';
import type { Attestor } from '../../core/attestor.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';
import { loadPlugins, type PluginVerb } from '../../core/load.ts';
import type { Notifier } from '../../core/notifier.ts';
import type { MasterPicker } from '../../core/picker.ts';
import type { Plugin } from '../../core/plugin.ts';
import type { Step } from '../../core/step.ts';

/** Every plug-in by name. */
export interface Plugins {
  readonly steps: ReadonlyMap<string, Step>;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly pickers: ReadonlyMap<string, MasterPicker>;
  readonly attestors: ReadonlyMap<string, Attestor>;
}

type SiteDirs = Pick<ControllerConfig, 'plugins'>['plugins'];

/** Loads Muster's own plug-ins and those of the site's folders. Throws PLUGIN_INVALID. */
export async function loadAllPlugins(config: { plugins: SiteDirs }): Promise<Plugins> {
  const site = config.plugins;
  const [steps, notifiers, pickers, attestors] = await Promise.all([
    loadKind<Step>('provisioners', site.steps_dir, 'run'),
    loadKind<Notifier>('notifiers', site.notifiers_dir, 'send'),
    loadKind<MasterPicker>('src/controller/pickers', site.pickers_dir, 'pick'),
    loadKind<Attestor>('src/trust/attestors', site.attestors_dir, 'attest'),
  ]);
  return { steps, notifiers, pickers, attestors };
}

async function loadKind<P extends Plugin<unknown>>(
  folder: string,
  siteDir: string | undefined,
  verb: PluginVerb,
): Promise<Map<string, P>> {
  const own = await loadPlugins<P>(fileURLToPath(new URL(`../../../${folder}`, import.meta.url)), verb);
  if (siteDir === undefined) return own;
  const theirs = await loadPlugins<P>(siteDir, verb);
  for (const name of theirs.keys()) {
    if (own.has(name))
      throw new MusterError(
        'PLUGIN_INVALID',
        `${siteDir}/${name}: Muster has a plug-in of this name already`,
      );
  }
  return new Map([...own, ...theirs]);
}

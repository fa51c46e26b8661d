import { ServiceSettings } from '../../src/core/service-schema.ts';
import { settingsOf } from '../declared-settings.ts';
import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import type { Services } from './service.ts';
import { systemd } from './systemd.ts';
import { sysv } from './sysv.ts';

/** systemd where it runs, else the init scripts. *Source:* sd_booted(3): systemd runs when its folder is there. */
export async function servicesOf({ config }: Pick<AgentHost, 'config'>): Promise<Services> {
  const settings = settingsOf('service', ServiceSettings, config);
  if (await exists(settings.systemd_dir)) return systemd(settings.systemctl);
  return sysv({ initDir: settings.init_dir, rcDir: settings.rc_dir });
}

import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import type { Services } from './service.ts';
import { systemd } from './systemd.ts';
import { sysv } from './sysv.ts';

/**
 * systemd where it runs, else the init scripts. Settings: `service.systemd_dir` (`/run/systemd/system`), `service.systemctl`,
 * `service.init_dir` (`/etc/init.d`), `service.rc_dir` (`/etc`).
 * *Source:* sd_booted(3): systemd runs when that folder is there.
 */
export async function servicesOf({ config }: Pick<AgentHost, 'config'>): Promise<Services> {
  const setting = (name: string, fallback: string) => config.settings[`service.${name}`] ?? fallback;
  if (await exists(setting('systemd_dir', '/run/systemd/system')))
    return systemd(setting('systemctl', 'systemctl'));
  return sysv({ initDir: setting('init_dir', '/etc/init.d'), rcDir: setting('rc_dir', '/etc') });
}

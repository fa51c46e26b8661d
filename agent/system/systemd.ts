import type { ServiceStatus } from '../../src/core/service-schema.ts';
import { expectGood, runSpooled } from '../spooled.ts';
import { noService, type ServiceStand, type Services } from './service.ts';

const LOOK_MS = 10_000;
const ACT_MS = 110_000;
const PROPERTIES = 'LoadState,ActiveState,UnitFileState';
/** *Source:* systemctl(1), ActiveState. */
const STATUS: Readonly<Record<string, ServiceStatus>> = {
  active: 'running',
  reloading: 'running',
  refreshing: 'running',
  inactive: 'stopped',
  failed: 'failed',
  activating: 'starting',
  deactivating: 'stopping',
};
/** *Source:* systemctl(1), `is-enabled`: those whose exit code is 0 because something starts them. */
const ENABLED = ['enabled', 'enabled-runtime', 'alias', 'static', 'indirect', 'generated'];
const DISABLED = ['disabled', 'masked', 'masked-runtime', 'linked', 'linked-runtime', 'transient'];

/** Services as units of systemd, through this systemctl. */
export function systemd(systemctl: string): Services {
  const call = (args: readonly string[], timeoutMs: number, signal: AbortSignal) =>
    runSpooled(systemctl, ['--no-pager', '--no-ask-password', ...args], { timeoutMs, signal });
  const look: Services['look'] = async (name, signal) => {
    const end = await call(['show', `--property=${PROPERTIES}`, '--', name], LOOK_MS, signal);
    expectGood(`systemctl show ${name}`, end);
    return standOf(name, end.output);
  };
  return {
    look,
    async act(verb, name, signal) {
      // What is not there is said in our words; systemctl has other ones for each verb.
      await look(name, signal);
      expectGood(`systemctl ${verb} ${name}`, await call([verb, '--', name], ACT_MS, signal));
    },
  };
}

function standOf(name: string, text: string): ServiceStand {
  const shown = new Map(
    text.split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
  const loaded = shown.get('LoadState') ?? '';
  if (loaded === 'not-found' || loaded === '') throw noService(name);
  const file = shown.get('UnitFileState') ?? '';
  const enabled = ENABLED.includes(file) ? true : DISABLED.includes(file) ? false : null;
  return { status: STATUS[shown.get('ActiveState') ?? ''] ?? 'unknown', enabled };
}

import { LAB_IP, SERVICE_NAMES, ZONE } from './layout.ts';
import { type MasterSpec, masterFqdn } from './master-config.ts';

/** Head of /etc/hosts, the same in the lab and in every box: the lab has no name server. */
export function renderHostsHead(masters: readonly MasterSpec[]): string {
  const services = SERVICE_NAMES.map((name) => `${LAB_IP} ${name}.${ZONE} ${name}`);
  const servers = masters.map((spec) => `${spec.ip} ${masterFqdn(spec)} ${spec.name}`);
  return ['127.0.0.1 localhost', '::1 localhost', ...services, ...servers, ''].join('\n');
}

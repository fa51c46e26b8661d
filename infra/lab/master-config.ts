import { PORTS, VHOST, ZONE } from './layout.ts';

/** One Puppet Server of the lab, with a CA of its own. */
export interface MasterSpec {
  /** Short name: `puppet-eu` is `puppet-eu.lab.test`. */
  name: string;
  /** EC2 region, the fact `ec2_placement_region`. */
  region: string;
  /** The fact `country`, e.g. `ie`. */
  country: string;
  ip: string;
}

/** Full name of a master, which is also its identity on the bus and its certname. */
export function masterFqdn(spec: Pick<MasterSpec, 'name'>): string {
  return `${spec.name}.${ZONE}`;
}

const SSL_DIR = '/var/lib/puppet/ssl';

/** Facts that a master tells about itself, for the picker. */
export function masterFacts(spec: MasterSpec): Record<string, string> {
  return {
    ec2_placement_region: spec.region,
    country: spec.country,
    ipaddress: spec.ip,
    role: 'puppetmaster',
    fqdn: masterFqdn(spec),
  };
}

/** The daemon's config on a master: it has its certificate already, and serves the puppetca agent. */
export function masterDaemonConfig(spec: MasterSpec): Record<string, unknown> {
  const fqdn = masterFqdn(spec);
  return {
    identity: fqdn,
    broker: { host: `broker.${ZONE}`, port: PORTS.stompTls, vhost: VHOST },
    trust: { ca: '/etc/muster/ca.pem', certificate: '/etc/muster/node.pem', key: '/etc/muster/node.key' },
    collectives: ['mcollective'],
    // What Facter knows of the machine under the lab is the same for all of them, and costs seconds of its processors.
    facts: { imds: false, facter: false },
    puppet: { server: fqdn },
    puppetca: {
      url: `https://${fqdn}:${PORTS.puppet}`,
      ca: `${SSL_DIR}/certs/ca.pem`,
      certificate: `${SSL_DIR}/certs/${fqdn}.pem`,
      key: `${SSL_DIR}/private_keys/${fqdn}.pem`,
    },
    registration_s: 30,
  };
}

/** The masters that every lab starts with. */
export const FIRST_MASTERS: readonly MasterSpec[] = [
  { name: 'puppet-eu', region: 'eu-west-1', country: 'ie', ip: '10.77.0.11' },
  { name: 'puppet-us', region: 'us-east-1', country: 'us', ip: '10.77.0.12' },
];

/** The lowest address for one more master: 10.77.0.11 to 10.77.0.99. Undefined when all are taken. */
export function nextMasterIp(masters: readonly MasterSpec[]): string | undefined {
  for (let host = 11; host < 100; host++) {
    const ip = `10.77.0.${host}`;
    if (!masters.some((spec) => spec.ip === ip)) return ip;
  }
  return undefined;
}

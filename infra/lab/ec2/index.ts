import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import type { Log } from '../../../src/core/log.ts';
import { createApi } from './api/server.ts';
import { keepRegionKeys } from './certificates.ts';
import { keepCredentials } from './credentials.ts';
import { createFaults, type Faults } from './faults.ts';
import { Fleet } from './fleet.ts';
import { createIdentity } from './identity.ts';
import { createImds } from './imds/server.ts';
import type { Instance } from './instance.ts';
import type { Machines } from './machines.ts';
import { createRoles } from './roles.ts';

const IMDS_ADDRESS = '169.254.169.254';

/** Where something listens; port 0 takes a free one. */
interface Bind {
  readonly host: string;
  readonly port: number;
}

/** What the local EC2 needs. */
export interface Ec2Options {
  /** The lab's state directory; everything of the local EC2 goes to `ec2/` in it. */
  readonly stateDir: string;
  readonly machines: Machines;
  readonly log: Log;
  /** Default 0.0.0.0:4566. */
  readonly api?: Bind;
  /** Default 169.254.169.254:80, which must be an address of this machine or namespace. */
  readonly imds?: Bind;
  /** First two numbers of the instances' addresses; default `10.77`. */
  readonly network?: string;
  /** Live instances in all regions together; default 100. */
  readonly capacity?: number;
  readonly clock?: Clock;
}

/** A running local EC2. */
export interface Ec2 {
  readonly apiPort: number;
  readonly imdsPort: number;
  /** For AWS_SHARED_CREDENTIALS_FILE. */
  readonly credentialsPath: string;
  readonly faults: Faults;
  /** Every instance that it still knows, terminated ones of the last hour too. */
  instances(): readonly Instance[];
  /** Terminates every instance and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts the EC2 API and the metadata service. Credentials (`ec2/credentials`) and signing keys
 * (`ec2/certs/<region>.pem`) in the state directory are made or kept; no instance outlives it.
 * Throws EADDRINUSE or EADDRNOTAVAIL when it cannot listen.
 */
export async function startEc2(options: Ec2Options): Promise<Ec2> {
  const { machines, log, clock = systemClock, network = '10.77', capacity = 100 } = options;
  const ec2Dir = join(options.stateDir, 'ec2');
  const credentials = await keepCredentials(ec2Dir);
  const keys = await keepRegionKeys(ec2Dir);
  const faults = createFaults();
  const fleet = new Fleet({
    machines,
    clock,
    network,
    capacity,
    hideNewS: () => faults.state().hide_new_s,
    log,
  });
  const roles = createRoles(clock);
  const api = createApi({ fleet, faults, credentials, roles, clock, log });
  const imds = createImds({
    clock,
    log,
    byAddress: (address) => fleet.byAddress(address),
    identity: createIdentity(keys),
    roles,
  });
  const imdsPort = await listen(imds, options.imds ?? { host: IMDS_ADDRESS, port: 80 });
  const apiPort = await listen(api, options.api ?? { host: '0.0.0.0', port: 4566 });
  return {
    apiPort,
    imdsPort,
    credentialsPath: credentials.path,
    faults,
    instances: () => fleet.all(),
    async close() {
      await closeServer(api);
      fleet.power.terminate(fleet.all());
      await fleet.power.settled();
      await closeServer(imds);
    },
  };
}

function listen(server: Server, { host, port }: Bind): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

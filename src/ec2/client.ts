import type { EC2Client, EC2ClientConfig } from '@aws-sdk/client-ec2';
import { credentialsFrom } from './credentials.ts';
import { ec2Error } from './errors.ts';

/** The SDK's own exports: commands are made from these, so that nobody imports the SDK before it is needed. */
type Sdk = typeof import('@aws-sdk/client-ec2');

/** How EC2 is reached. */
export interface Ec2Settings {
  /** Another endpoint for all regions, e.g. the lab's; default AWS's own. */
  readonly endpoint?: string | undefined;
  /** File in AWS's form whose default profile is taken, whatever the environment says; default the SDK's own search. */
  readonly credentialsFile?: string | undefined;
  /** Tries of the SDK for one call, with its own back-off; default 4. */
  readonly maxAttempts?: number | undefined;
  /** Default 3. */
  readonly connectTimeoutS?: number | undefined;
  /** From sending to the whole answer; default 20. */
  readonly requestTimeoutS?: number | undefined;
}

/** EC2 in all regions, one SDK client each, made at the first call. */
export interface Ec2 {
  /**
   * Runs `use` with the client of a region. `what` says in a message what was tried.
   * Throws EC2_UNREACHABLE, EC2_THROTTLED, EC2_REFUSED; CONFIG_INVALID when the credentials file is no good.
   */
  call<T>(region: string, what: string, use: (client: EC2Client, sdk: Sdk) => Promise<T>): Promise<T>;
  /** Ends idle connections. */
  close(): void;
}

/** Opens nothing yet; loads the SDK at the first call. */
export function createEc2(settings: Ec2Settings = {}): Ec2 {
  const clients = new Map<string, EC2Client>();

  function clientOf(region: string, sdk: Sdk): EC2Client {
    const client = clients.get(region) ?? new sdk.EC2Client({ ...clientConfig(settings), region });
    clients.set(region, client);
    return client;
  }

  return {
    async call(region, what, use) {
      const sdk = await import('@aws-sdk/client-ec2');
      try {
        return await use(clientOf(region, sdk), sdk);
      } catch (error) {
        throw ec2Error(error, `${what} in ${region}`);
      }
    },
    close() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };
}

function clientConfig(settings: Ec2Settings): EC2ClientConfig {
  const { endpoint, credentialsFile, maxAttempts = 4, connectTimeoutS = 3, requestTimeoutS = 20 } = settings;
  return {
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectTimeoutS * 1000,
      requestTimeout: requestTimeoutS * 1000,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentialsFile === undefined ? {} : { credentials: credentialsFrom(credentialsFile) }),
  };
}

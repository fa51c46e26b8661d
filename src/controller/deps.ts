import type { RpcClient } from '../bus/client.ts';

/** What the controller needs of the bus to ask nodes. */
export type Rpc = Pick<RpcClient, 'node' | 'ask'>;

/**
 * Sets which collectives a node's login may use, and no others; makes the login when there is none.
 * Throws BROKER_UNREACHABLE, BROKER_REFUSED, CONFLICT.
 */
export type GrantNode = (identity: string, collectives: readonly string[]) => Promise<void>;

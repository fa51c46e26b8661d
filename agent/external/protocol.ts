import { z } from 'zod';

const NAMES = 'io.choria.mcorpc.external.v1';
const SCHEMAS = 'https://choria.io/schemas/mcorpc/external/v1';

/** What can be asked of an external agent: to carry out an action, or whether it wants to be served here. */
export type Protocol = 'rpc_request' | 'activation_request';

/** What is put into the request file besides the names of the protocol. */
export interface RpcRequest {
  readonly agent: string;
  readonly action: string;
  readonly requestid: string;
  readonly senderid: string;
  readonly callerid: string;
  readonly collective: string;
  /** Seconds that the request is good for. */
  readonly ttl: number;
  /** When it was asked, in seconds since the epoch. */
  readonly msgtime: number;
  readonly data: object;
}

/** The whole name of a protocol, as an agent is told it. */
export function protocolName(protocol: Protocol): string {
  return `${NAMES}.${protocol}`;
}

/** The request file. Pure. *Source:* Choria's external agent protocol, version 1. */
export function requestText(protocol: Protocol, fields: RpcRequest | Pick<RpcRequest, 'agent'>): string {
  const head = { $schema: `${SCHEMAS}/${protocol}.json`, protocol: protocolName(protocol) };
  return JSON.stringify({ ...head, ...fields });
}

const statuscode = z.literal([0, 1, 2, 3, 4, 5]);

/** What an agent answers to an action. Keys that are not known mean nothing; what is left out is 0, no message and no data. */
export const RpcReply = z.looseObject({
  statuscode: statuscode.default(0),
  statusmsg: z.string().default(''),
  data: z.record(z.string(), z.unknown()).nullish(),
});

/** What an agent answers to the question whether it wants to be served. */
export const ActivationReply = z.looseObject({ activate: z.boolean().default(false) });

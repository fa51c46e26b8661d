import { setTimeout as sleep } from 'node:timers/promises';
import { rpcutil } from '../../../../agent/agents/rpcutil.ddl.ts';
import { labClient } from '../../../../infra/lab/client.ts';
import type { ControllerConfig } from '../../../core/config/controller.ts';
import type { RunRecord } from '../../../core/record.ts';
import { openFleet } from '../fleet.ts';

/** Longest wait for the notices, in seconds. */
const NOTICES_S = 30;

/** What the demo shows as proof. */
export interface Proof {
  readonly mails: readonly {
    readonly subject: string;
    readonly text: string;
    readonly to: readonly string[];
  }[];
  readonly roomMessages: readonly string[];
  /** Asked over RPC: the fact that production wrote from what bootstrap found. */
  readonly facts: readonly { readonly identity: string; readonly configured: string | null }[];
  /** Who issued each node's Puppet certificate, as the node shows it. */
  readonly issuers: readonly { readonly identity: string; readonly issuer: string }[];
}

/** Gathers the proof: mails, room messages, an RPC request to the nodes, and a look at their certificates. */
export async function prove(
  config: ControllerConfig,
  stateDir: string,
  runs: readonly RunRecord[],
): Promise<Proof> {
  const lab = labClient(stateDir);
  const good = runs.filter((run) => run.state === 'provisioned');
  const facts = await askFacts(config, good);
  const issuers = await Promise.all(
    good.map(async (run) => ({ identity: run.identity, issuer: await issuerOf(stateDir, run) })),
  );
  const untilMs = performance.now() + NOTICES_S * 1000;
  for (;;) {
    const [mails, messages] = await Promise.all([lab.mails(), lab.messages()]);
    const roomMessages = messages
      .filter((message) => message.type === 'groupchat')
      .map((message) => message.body);
    const complete = mails.length >= runs.length && roomMessages.length >= runs.length;
    if (complete || performance.now() > untilMs) return { mails, roomMessages, facts, issuers };
    await sleep(200);
  }
}

async function askFacts(config: ControllerConfig, runs: readonly RunRecord[]): Promise<Proof['facts']> {
  if (runs.length === 0) return [];
  const fleet = await openFleet(config);
  try {
    const identities = runs.map((run) => run.identity);
    const { replies, silent } = await fleet.rpc.ask(
      config.collectives.production,
      rpcutil,
      'get_fact',
      { fact: 'puppet_configured' },
      { filter: { identity: identities }, expected: identities, timeoutS: 10 },
    );
    return [
      ...replies.map((reply) => ({ identity: reply.identity, configured: reply.data?.value ?? null })),
      ...silent.map((identity) => ({ identity, configured: null })),
    ];
  } finally {
    await fleet.close();
  }
}

async function issuerOf(stateDir: string, run: RunRecord): Promise<string> {
  const path = `/var/lib/puppet/ssl/certs/${run.identity}.pem`;
  const { stdout } = await labClient(stateDir).exec(run.instanceId, [
    'openssl',
    'x509',
    '-noout',
    '-issuer',
    '-in',
    path,
  ]);
  return stdout.trim().replace(/^issuer=\s*/, '');
}

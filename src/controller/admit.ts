import { X509Certificate } from 'node:crypto';
import type { Attestation, Attestor, DescribeInstance } from '../core/attestor.ts';
import type { Clock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import { CLOCK } from '../core/messages.ts';
import { identityName } from '../core/names.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import { verifyIssued } from '../trust/certificate.ts';
import { readCsr } from '../trust/csr.ts';
import type { OpenedHello } from '../trust/hello.ts';
import { type ClaimKeys, type ClaimOf, type Claims, runIdOf } from './claims.ts';
import type { AdmitLogin } from './grants.ts';
import type { JoinTokens } from './join-tokens.ts';
import type { Operations } from './operations.ts';
import type { NewQuarantined } from './quarantine.ts';
import { newRun } from './run-data.ts';
import type { Runs } from './runs.ts';

/** How long ago or ahead a hello may have been said. */
const FRESH_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
const ATTEST_MS = 20_000;

/** What admitting a node needs. */
export interface AdmitDeps {
  readonly config: Pick<ControllerConfig, 'groups' | 'plan' | 'collectives' | 'trust'>;
  /** Attestor and its checked options, by group. */
  readonly attestors: ReadonlyMap<string, { readonly plugin: Attestor; readonly options: unknown }>;
  readonly claims: Claims;
  /** Keeps a second pair of keys for a claimed instance until an operator decides, and tells people of a new one. */
  readonly quarantine: (asked: NewQuarantined) => Promise<{ readonly reason: string; readonly id: string }>;
  readonly tokens: Pick<JoinTokens, 'spend'>;
  /** Only where there is an EC2 to ask. */
  readonly describe?: DescribeInstance;
  readonly ca: Pick<CollectiveCa, 'issue' | 'book' | 'certificatePem'>;
  readonly grant: AdmitLogin;
  readonly runs: Pick<Runs, 'add'>;
  /** Is this the name of a master? Whoever could take it would have the certificates of that master cleaned. */
  readonly reserved: (identity: string) => Promise<boolean>;
  /** Every decision is in it before it is carried out. */
  readonly operations: Pick<Operations, 'note'>;
  readonly clock: Clock;
}

/** What a node is given: its run, its name, its certificate and where it lives. */
export interface Admission {
  readonly run: string;
  readonly identity: string;
  readonly certificate: string;
  readonly collective: string;
}

/**
 * Admits the node behind a hello whose signature holds, or throws ATTESTATION_REFUSED whose message begins with a fixed
 * reason word. Everything is done in an order in which it may be cut off and done again; the same hello again changes
 * nothing. Other codes (Redis, broker, CA) mean: try again later.
 */
export async function admit(opened: OpenedHello, deps: AdmitDeps): Promise<Admission> {
  const { hello, thumb } = opened;
  if (Math.abs(deps.clock.nowMs() - hello.iat_ms) > FRESH_MS)
    throw refusal(CLOCK, 'said more than five minutes ago or ahead');
  const attestation = await attested(opened, deps);
  const suffix = deps.config.groups[hello.group]?.certname_suffix ?? '';
  const identity = identityName.safeParse(`${attestation.instanceId}${suffix}`.toLowerCase());
  if (!identity.success) throw refusal('NAME', 'instance id and suffix make no certname');
  if (await deps.reserved(identity.data))
    throw refusal('NAME_RESERVED', `${identity.data} is the name of a master`);
  const revoked = deps.ca.book.revocations().get(identity.data);
  if (revoked?.barred) throw refusal('REVOKED', `${identity.data} was revoked: ${revoked.reason}`);
  const puppetSpki = csrKey(hello.puppet_csr, identity.data);
  const of: ClaimOf = { group: hello.group, instanceId: attestation.instanceId, claim: attestation.claim };
  const keys = { busSpki: thumb, puppetSpki };
  const claim = await deps.claims.claim(of, keys);
  if (claim.busSpki !== thumb || claim.puppetSpki !== puppetSpki)
    throw await takenBy({ ...of, identity: identity.data, asking: keys }, claim, attestation, deps);
  if (claim.group !== hello.group)
    throw refusal('CLAIM_GROUP', `${attestation.instanceId} was claimed in the group ${claim.group}`);
  if (!claim.added) await noteAccepted(deps, of, identity.data, keys, attestation);
  const certificate = await certificateFor(deps, of, identity.data, hello.bus_public_key, claim.certificate);
  const collectives = claim.collectives ?? [deps.config.collectives.provisioning];
  await deps.grant(identity.data, collectives, certificate);
  const run = runIdOf(attestation.instanceId, attestation.claim, puppetSpki);
  if (!claim.added) await addRun(deps, of, run, identity.data, puppetSpki, attestation);
  return {
    run,
    identity: identity.data,
    certificate,
    collective: collectives.at(-1) ?? deps.config.collectives.provisioning,
  };
}

/** Once a claim, not once a hello: whoever holds a claim could fill the audit otherwise. */
function noteAccepted(
  { operations }: AdmitDeps,
  { group, instanceId, claim }: ClaimOf,
  subject: string,
  { busSpki, puppetSpki }: ClaimKeys,
  { region, evidence }: Attestation,
): Promise<void> {
  const keys = { bus_spki_sha256: busSpki, puppet_spki_sha256: puppetSpki };
  const data = { instance: instanceId, group, claim, region, evidence, ...keys };
  return operations.note({ agent: 'hello', action: 'accept', subject, data });
}

/** The refusal of keys that came second: never decided here. */
async function takenBy(
  asked: ClaimOf & { readonly identity: string; readonly asking: ClaimKeys },
  { busSpki, puppetSpki }: ClaimKeys,
  { region, evidence }: Attestation,
  deps: AdmitDeps,
): Promise<MusterError> {
  const held = { busSpki, puppetSpki };
  const firstAtMs = deps.clock.nowMs();
  const { reason, id } = await deps.quarantine({ ...asked, held, region, evidence, firstAtMs });
  const { asking } = asked;
  return refusal(
    reason,
    `${id}: claimed by keys ${busSpki} and ${puppetSpki}, now ${asking.busSpki} and ${asking.puppetSpki}`,
  );
}

/** The reason word of a refusal: the first word of its message. Pure. */
export function reasonOf(error: MusterError): string {
  return /^[A-Z][A-Z_]*/.exec(error.message)?.[0] ?? error.code;
}

async function attested({ hello, thumb }: OpenedHello, deps: AdmitDeps): Promise<Attestation> {
  const attestor = deps.attestors.get(hello.group);
  if (attestor === undefined) throw refusal('GROUP_UNKNOWN', `there is no group '${hello.group}'`);
  const context = {
    nowMs: deps.clock.nowMs(),
    signal: AbortSignal.timeout(ATTEST_MS),
    holds: (instanceId: string, claim: string) => deps.claims.holds({ instanceId, claim }, thumb),
    spendToken: (name: string, token: string) =>
      deps.tokens.spend({ group: hello.group, name }, token, thumb),
    ...(deps.describe === undefined ? {} : { describe: deps.describe }),
  };
  const result = await attestor.plugin.attest(hello, attestor.options, context);
  if (!result.ok) throw refusal(result.reason, result.detail);
  return result.attestation;
}

/** SHA-256, hex, of the key that Puppet's request holds; the request must be signed by it and be for this name alone. */
function csrKey(pem: string, commonName: string): string {
  try {
    return readCsr(pem, { commonName }).spkiSha256;
  } catch (thrown) {
    throw refusal('CSR', asMusterError(thrown).message);
  }
}

/** The certificate that was issued before, until nine tenths of its days are over, or it is revoked. */
async function certificateFor(
  deps: AdmitDeps,
  of: ClaimOf,
  name: string,
  publicKeyPem: string,
  kept: string | null,
): Promise<string> {
  const days = deps.config.trust.node_days;
  if (kept !== null && counts(kept, deps, (days * DAY_MS) / 10)) return kept;
  await deps.operations.note({ agent: 'ca', action: 'issue', subject: name, data: { role: 'node', days } });
  const issued = deps.ca.issue({ name, role: 'node', publicKeyPem, days });
  return deps.claims.keepCertificate(of, issued, kept);
}

function counts(certificate: string, deps: AdmitDeps, forMs: number): boolean {
  const verified = verifyIssued(certificate, new X509Certificate(deps.ca.certificatePem));
  const revoked = deps.ca.book.revocations().revokes(verified);
  return !revoked && verified.notAfterMs - deps.clock.nowMs() > forMs;
}

async function addRun(
  deps: AdmitDeps,
  of: ClaimOf,
  id: string,
  identity: string,
  puppetSpkiSha256: string,
  { facts, region }: Attestation,
) {
  const plan = deps.config.groups[of.group]?.plan ?? deps.config.plan;
  const collectives = [deps.config.collectives.provisioning];
  await deps.runs.add(
    id,
    newRun({ ...of, identity, region, facts, puppetSpkiSha256, plan, collectives }, deps.clock.nowMs()),
  );
  await deps.claims.markAdded(of);
}

function refusal(reason: string, detail: string): MusterError {
  return new MusterError('ATTESTATION_REFUSED', `${reason}: ${detail}`);
}

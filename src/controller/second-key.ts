import type { Log } from '../core/log.ts';
import type { Alarm } from './outbox.ts';
import type { NewQuarantined, Quarantine, Quarantined } from './quarantine.ts';

/** What is needed when a second key asks for a claimed instance. */
export interface SecondKeyDeps {
  readonly quarantine: Pick<Quarantine, 'put'>;
  /** Must not tell the same alarm twice. */
  readonly alarm: (alarm: Alarm) => Promise<void>;
  readonly log: Log;
}

/**
 * Puts a second pair of keys into quarantine and raises the alarm, once for each pair. Gives the reason of the refusal
 * (CLAIM_TAKEN, QUARANTINE_REJECTED when an operator has said no, QUARANTINE_FULL) and what the operator calls it by.
 * Throws what ioredis throws: then the hello stays and comes again.
 */
export async function secondKey(
  asked: NewQuarantined,
  { quarantine, alarm, log }: SecondKeyDeps,
): Promise<{ readonly reason: string; readonly id: string }> {
  const record = await quarantine.put(asked);
  if (record === null) {
    log.error({ instance: asked.instanceId, alarm: true }, 'the quarantine is full: decide what is in it');
    return { reason: 'QUARANTINE_FULL', id: asked.instanceId };
  }
  if (record.decision?.verdict === 'rejected') return { reason: 'QUARANTINE_REJECTED', id: record.id };
  await alarm(alarmOf(record));
  return { reason: 'CLAIM_TAKEN', id: record.id };
}

function alarmOf(record: Quarantined): Alarm {
  const { id, identity, instanceId, group, region, evidence, held, asking, firstAtMs } = record;
  const lines = [
    'Two hosts with different keys say that they are the same instance. The second one was not let in.',
    'One of them may be an intruder, and it may be the first: look at both before you decide.',
    '',
    `Node      ${identity}`,
    `Instance  ${instanceId} (group ${group})`,
    `Region    ${region ?? 'unknown'}`,
    `First     bus key ${held.busSpki}`,
    `Second    bus key ${asking.busSpki}`,
    `Checked   ${evidence} (of the second)`,
    '',
    `Let in    muster quarantine approve ${id} --reason TEXT`,
    `Keep out  muster quarantine reject ${id} --reason TEXT`,
  ];
  const where = region === null ? '' : ` in ${region}`;
  return {
    id: `alarm-${id}`,
    subject: `ALARM ${identity}${where}: a second key asks for a claimed instance`,
    body: lines.join('\n'),
    runId: id,
    identity,
    sentAtMs: firstAtMs,
  };
}

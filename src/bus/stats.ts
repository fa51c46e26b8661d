import type { Admission } from './gate.ts';

/** What one node has done with what it heard, since its daemon started. *Source:* MCollective's daemon statistics. */
export interface RpcStats {
  /** Messages that arrived. */
  total: number;
  /** Genuine ones: signature, audience and format hold. */
  validated: number;
  /** Refused before the filter: forged, meant for others, unreadable. */
  unvalidated: number;
  /** Refused because they came too late. */
  ttlexpired: number;
  /** Refused because they had been heard before. */
  replayed: number;
  /** Not meant for this node, by their filter. */
  filtered: number;
  /** Meant for this node. */
  passed: number;
  /** Answered. */
  replies: number;
}

/** All zero. */
export function newRpcStats(): RpcStats {
  const none = { ttlexpired: 0, replayed: 0, filtered: 0, passed: 0, replies: 0 };
  return { total: 0, validated: 0, unvalidated: 0, ...none };
}

/** Counts one message by what the gate said of it. */
export function count(stats: RpcStats, admission: Admission): void {
  stats.total += 1;
  if (admission.ok) stats.validated += 1;
  else if (admission.reason === 'EXPIRED') stats.ttlexpired += 1;
  else if (admission.reason === 'REPLAYED') stats.replayed += 1;
  else stats.unvalidated += 1;
}

import { z } from 'zod';

/** What `POST /_lab/faults` takes; a field left out keeps its value. */
export const faultSettings = z.strictObject({
  throttle: z.int().min(0).describe('Refuse the next N calls with RequestLimitExceeded').exactOptional(),
  fail_html: z.int().min(0).describe('Answer the next N calls with 500 and a page of HTML').exactOptional(),
  fail_internal: z.int().min(0).describe('Refuse the next N calls with InternalError').exactOptional(),
  only: z.array(z.string()).describe('The three above hit these actions only; empty: all').exactOptional(),
  deny: z.array(z.string()).describe('Actions that get UnauthorizedOperation until changed').exactOptional(),
  hide_new_s: z.number().min(0).describe('New instances are NotFound for so many seconds').exactOptional(),
  unreachable: z.boolean().describe('Hang up on every call without an answer').exactOptional(),
  latency_ms: z.number().min(0).describe('Every call waits so long first').exactOptional(),
});

type FaultSettings = z.infer<typeof faultSettings>;

/** What the next call to an action meets. */
export type Fault = 'throttle' | 'fail_html' | 'fail_internal' | 'deny';

/** The switches by which a test makes the local EC2 behave badly. */
export interface Faults {
  set(settings: FaultSettings): void;
  /** All switches off. */
  clear(): void;
  state(): Required<FaultSettings>;
  /** The fault that this call meets, counted down; undefined for none. */
  take(action: string): Fault | undefined;
}

const OFF: Required<FaultSettings> = {
  throttle: 0,
  fail_html: 0,
  fail_internal: 0,
  only: [],
  deny: [],
  hide_new_s: 0,
  unreachable: false,
  latency_ms: 0,
};

/** All switches off at first. */
export function createFaults(): Faults {
  let now: Required<FaultSettings> = { ...OFF };
  return {
    set(settings) {
      now = { ...now, ...settings };
    },
    clear() {
      now = { ...OFF };
    },
    state: () => ({ ...now }),
    take(action) {
      if (now.only.length === 0 || now.only.includes(action)) {
        for (const kind of ['throttle', 'fail_html', 'fail_internal'] as const) {
          if (now[kind] > 0) {
            now[kind] -= 1;
            return kind;
          }
        }
      }
      return now.deny.includes(action) ? 'deny' : undefined;
    },
  };
}

import { admit } from '../../../src/bus/gate.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { Request } from '../../../src/core/messages.ts';
import { parseObject } from '../../../src/trust/compact.ts';
import { heldClock } from '../held-clock.ts';
import type { FuzzTarget } from '../target.ts';

const genuine = Buffer.from(
  JSON.stringify({
    ...{ v: 1, typ: 'request', id: '0'.repeat(32), iat_ms: Date.now(), ttl_s: 3600, aud: 'node:web1' },
    ...{ collective: 'provisioning', agent: 'probe', action: 'echo', data: { text: 'x' } },
    ...{ filter: { identity: ['web1'], agent: ['probe'], fact: [{ fact: 'a', value: 'b' }] } },
    session: '0123456789abcdef',
  }),
);

/** What a caller signed, read past its signature: the caller itself is the attacker here. */
const request: FuzzTarget = {
  name: 'request',
  genuine: [genuine],
  read(input) {
    const encrypt = () => Buffer.alloc(0);
    const sender = { name: 'ctl', role: 'controller' } as const;
    const open = () => ({ payload: parseObject(input), sender, sha256: '', encrypt });
    const unwrap = (signed: Uint8Array) => ({ signed, encrypted: false });
    const arrived = { collective: 'provisioning', aud: 'node:web1' };
    const by = { opener: { open }, sealer: { unwrap }, replay: { seen: () => false }, clock: heldClock() };
    const admission = admit(input, arrived, by);
    if (!admission.ok) throw new MusterError('SECURITY_REJECTED', `${admission.reason}: `);
    return admission.admitted.request;
  },
  // A caller may ask for anything that has the shape of a request to this node: the policy comes next.
  harmless: (_, result) => {
    const { aud, collective } = Request.parse(result);
    return aud === 'node:web1' && collective === 'provisioning';
  },
};
export default request;

import { testPki } from '../../kit/pki.ts';
import type { FuzzTarget } from '../target.ts';

const pki = await testPki();
const [caller, node] = await Promise.all([pki.holder('ctl', 'controller'), pki.holder('web1', 'node')]);
const clear = caller.sealer.seal({ typ: 'request', data: { text: 'x'.repeat(200) } });
const { encrypt } = pki.opener.open(node.sealer.seal({}));

/** A sealed message, in clear and encrypted, as a node reads it. */
const envelope: FuzzTarget = {
  name: 'envelope',
  genuine: [clear, encrypt(clear)],
  read: (input) => pki.opener.open(node.sealer.unwrap(input).signed),
};
export default envelope;

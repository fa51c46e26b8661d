import { openHello } from '../../../src/trust/hello.ts';
import { encryptJwe } from '../../../src/trust/jwe.ts';
import { jwsHeader, signJws } from '../../../src/trust/jws.ts';
import { rsaPrivateKey, rsaPublicKey, spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { testPki } from '../../kit/pki.ts';
import { helloOf } from '../../src/trust/kit.ts';
import { heldClock } from '../held-clock.ts';
import type { FuzzTarget } from '../target.ts';

const pki = await testPki();
const [controller, node] = await Promise.all([pki.holder('ctl', 'controller'), pki.holder('web1', 'node')]);
const key = rsaPrivateKey(controller.keyPem);
const publicKey = rsaPublicKey(controller.publicKeyPem);
const kid = spkiSha256OfKey(publicKey);
const signed = signJws(jwsHeader(), JSON.stringify(helloOf(node)), rsaPrivateKey(node.keyPem));

/** What is inside a hello: anybody may encrypt anything to the controller. */
const helloInner: FuzzTarget = {
  name: 'hello-inner',
  genuine: [Buffer.from(signed, 'latin1')],
  read: (input) =>
    openHello(Buffer.from(encryptJwe(input, publicKey, kid)), { controllerKeyPem: key, clock: heldClock() }),
};
export default helloInner;

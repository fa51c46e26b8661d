import { openHello, sealHello } from '../../../src/trust/hello.ts';
import { rsaPrivateKey } from '../../../src/trust/keys.ts';
import { testPki } from '../../kit/pki.ts';
import { helloOf } from '../../src/trust/kit.ts';
import { heldClock } from '../held-clock.ts';
import type { FuzzTarget } from '../target.ts';

const pki = await testPki();
const [controller, node] = await Promise.all([pki.holder('ctl', 'controller'), pki.holder('web1', 'node')]);
const controllerKeyPem = rsaPrivateKey(controller.keyPem);

/** A hello as it lies in the queue. */
const hello: FuzzTarget = {
  name: 'hello',
  genuine: [
    sealHello(helloOf(node), { busKeyPem: node.keyPem, controllerCertPem: controller.certificatePem }),
  ],
  read: (input) => openHello(input, { controllerKeyPem, clock: heldClock() }),
};
export default hello;

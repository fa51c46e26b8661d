import { constants, sign, verify, X509Certificate } from 'node:crypto';
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose';
import { Reply } from '../../../src/core/messages.ts';
import { readCsr } from '../../../src/trust/csr.ts';
import { openHello, sealHello } from '../../../src/trust/hello.ts';
import { rsaPrivateKey, rsaPublicKey, spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { JUNK_KINDS } from '../../kit/flood.ts';
import { startFloodScene } from '../../kit/flood-scene.ts';
import { type Holder, testPki } from '../../kit/pki.ts';
import { helloOf } from '../../src/trust/kit.ts';
import { type Bench, cpuMs, type Figure, median } from '../bench.ts';

const CALLS = 400;
const JUNK = 10_000;
/** A flood that lasts: twenty seconds of it, a new honest node every two. */
const JUNK_PER_S = 1000;
const JOINING = 10;
/** What costs the attacker least, and what costs the controller a decryption each. */
const SUSTAINED = ['random bytes', 'sealed junk'] as const;
const HELLO_BAR_MS = 1;
const MESSAGE_BAR_MS = 0.5;
const FLOOD_BAR_MS = 1000;
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const;

const pki = await testPki();
const [controller, node] = await Promise.all([pki.holder('ctl', 'controller'), pki.holder('web1', 'node')]);

async function helloFigure(): Promise<Figure> {
  const key = rsaPrivateKey(controller.keyPem);
  const publicKey = rsaPublicKey(controller.publicKeyPem);
  const hello = helloOf(node);
  const sealed = sealHello(hello, { busKeyPem: node.keyPem, controllerCertPem: controller.certificatePem });
  const signed = await new CompactSign(Buffer.from(JSON.stringify(hello)))
    .setProtectedHeader({ alg: 'PS256' })
    .sign(rsaPrivateKey(node.keyPem));
  const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: spkiSha256OfKey(publicKey) };
  const theirs = await new CompactEncrypt(Buffer.from(signed)).setProtectedHeader(header).encrypt(publicKey);
  const nodeKey = rsaPublicKey(node.publicKeyPem);
  const jose = await cpuMs(CALLS, async () => {
    const { plaintext } = await compactDecrypt(theirs, key);
    await compactVerify(plaintext, nodeKey);
  });
  const value = await cpuMs(CALLS, () => {
    const opened = openHello(sealed, { controllerKeyPem: key });
    return readCsr(opened.hello.puppet_csr, { commonName: opened.hello.instance_id });
  });
  return {
    name: 'open one hello and read its signing request (CPU)',
    unit: 'ms',
    value,
    baseline: { name: 'jose, decrypt and verify the hello alone', value: jose },
    bar: HELLO_BAR_MS,
  };
}

async function messageFigures(payload: Reply): Promise<Figure[]> {
  const { sealer, keyPem, certificatePem }: Holder = node;
  const key = rsaPrivateKey(keyPem);
  const { publicKey, raw } = new X509Certificate(certificatePem);
  const bytes = Buffer.from(JSON.stringify(payload));
  const signature = sign('sha256', bytes, { key, ...PSS });
  const x5c = [raw.toString('base64')];
  const joseSign = () => new CompactSign(bytes).setProtectedHeader({ alg: 'PS256', x5c }).sign(key);
  const theirs = await joseSign();
  const sealed = sealer.seal(payload);
  const figure = async (name: string, work: () => unknown, baseline: string, other: () => unknown) => ({
    ...{ name: `${name} (CPU)`, unit: 'ms', bar: MESSAGE_BAR_MS },
    baseline: { name: baseline, value: await cpuMs(CALLS, other) },
    value: await cpuMs(CALLS, work),
  });
  return [
    await figure(
      'open one reply, schema included',
      () => Reply.parse(pki.opener.open(sealed).payload),
      'jose, verify the same',
      () => compactVerify(theirs, publicKey),
    ),
    await figure(
      'open one reply',
      () => pki.opener.open(sealed),
      'the RSA verification in it',
      () => verify('sha256', bytes, { key: publicKey, ...PSS }, signature),
    ),
    await figure('seal one reply', () => sealer.seal(payload), 'jose, sign the same', joseSign),
  ];
}

async function floodFigures(): Promise<Figure[]> {
  const scene = await startFloodScene();
  try {
    // The first flood of a process also pays for compiling what takes it in.
    await scene.behindJunkMs('random bytes', 2000);
    await scene.quiet();
    const alone: number[] = [];
    for (let i = 0; i < 10; i++) alone.push(await scene.honestMs());
    const quietMs = median(alone);
    const figures: Figure[] = [];
    for (const kind of JUNK_KINDS) {
      figures.push({
        name: `delay of an honest hello behind ${JUNK} of junk: ${kind}`,
        unit: 'ms',
        value: (await scene.behindJunkMs(kind, JUNK)) - quietMs,
        baseline: { name: 'an honest hello alone, answered', value: quietMs },
        bar: FLOOD_BAR_MS,
      });
      await scene.quiet();
    }
    for (const kind of SUSTAINED) {
      const { delaysMs, perS } = await scene.amidJunk(kind, JUNK_PER_S, JOINING);
      const shown = delaysMs.map((ms) => Math.round(ms)).join(', ');
      console.info(
        `  ${kind} at ${Math.round(perS)}/s for 20 s, ${JOINING} honest nodes join after (ms): ${shown}`,
      );
      figures.push({
        name: `delay of the middle one of ${JOINING} honest hellos amid ${JUNK_PER_S} of junk a second: ${kind}`,
        unit: 'ms',
        value: median(delaysMs) - quietMs,
        baseline: { name: 'an honest hello alone, answered', value: quietMs },
        bar: FLOOD_BAR_MS,
      });
      await scene.quiet();
    }
    return figures;
  } finally {
    await scene.stop();
  }
}

/** What trust costs. */
const trust: Bench = {
  name: 'trust',
  summary: 'what one message costs, and what a flood does to an honest node',
  async run() {
    const reply: Reply = {
      ...{ v: 1, typ: 'reply', iat_ms: Date.now(), ttl_s: 60, re: '0'.repeat(32), re_sha256: '0'.repeat(64) },
      ...{
        agent: 'rpcutil',
        action: 'inventory',
        status: 0,
        message: 'OK',
        data: { text: 'x'.repeat(1000) },
      },
    };
    return [await helloFigure(), ...(await messageFigures(reply)), ...(await floodFigures())];
  },
};
export default trust;

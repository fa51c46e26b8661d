import type { UserDataInput } from '../../userdata/render.ts';
import { testPki } from '../kit/pki.ts';

/** A full input with real certificates. */
export async function userDataInput(changes: Partial<UserDataInput> = {}): Promise<UserDataInput> {
  const pki = await testPki();
  const controller = await pki.holder('controller', 'controller');
  const file = { sha256: 'a'.repeat(64), bytes: 10 };
  return {
    brokerHost: 'broker.example.org',
    brokerPort: 61_614,
    vhost: '/muster',
    caPem: pki.ca.certificatePem,
    controllerPems: [controller.certificatePem],
    group: 'web',
    token: 'join-token',
    certnameSuffix: '.example.org',
    mirrorUrl: 'https://mirror.example.org/muster/',
    mirrorCa: 'system',
    files: {
      version: '1.0.0',
      files: { 'muster-daemon.cjs': file, 'node-linux-x64': file, 'node-linux-arm64': file },
    },
    facts: { role: 'web', 'quoted "name"': 'a: b # c' },
    ...changes,
  };
}

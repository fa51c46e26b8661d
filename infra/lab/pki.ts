import { mkdir } from 'node:fs/promises';
import type { Role } from '../../src/core/names.ts';
import type { LabPaths } from './layout.ts';
import { muster } from './muster.ts';

/** A certificate to issue: NAME.pem and NAME.key in STATE_DIR/pki. */
export interface CertificateRequest {
  /** Common name and file name without ending. */
  name: string;
  role: Role;
  /** `DNS:broker.lab.test`, `IP:10.77.0.1` */
  sans?: readonly string[];
}

/** Makes the collective CA of a lab, STATE_DIR/pki/ca.pem and ca.key, with Muster's own command. Throws LAB_FAILED. */
export async function initCa(paths: LabPaths): Promise<void> {
  await mkdir(paths.pki, { recursive: true, mode: 0o700 });
  await muster(['ca', 'init', '--dir', paths.pki, '--name', 'Muster lab CA']);
}

/** Issues one certificate. Throws LAB_FAILED. */
export async function issueCertificate(paths: LabPaths, request: CertificateRequest): Promise<void> {
  const { name, role, sans = [] } = request;
  const names = sans.length > 0 ? ['--san', ...sans] : [];
  const args = ['ca', 'issue', name, '--role', role, '--dir', paths.pki, '--days', '30', '--replace'];
  await muster([...args, ...names]);
}

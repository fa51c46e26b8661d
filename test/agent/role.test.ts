import { expect, test } from 'vitest';
import { createProveRole } from '../../agent/role.ts';
import { createLog } from '../../src/core/create-log.ts';
import { linesOf } from '../kit/lines.ts';

const FOLDER = 'meta-data/iam/security-credentials/';
const hello = {
  group: 'web',
  instance_id: 'i-1',
  nonce: '0'.repeat(32),
  bus_public_key: 'k',
  puppet_csr: 'c',
};
const credentials = { Code: 'Success', AccessKeyId: 'ASIA1', SecretAccessKey: 'very secret', Token: 'token' };

/** The proof that a node with this metadata makes, and what it logged. */
async function prove(leaves: Record<string, string>) {
  const { stream, text: logged } = linesOf();
  const log = createLog({ level: 'trace', name: 'test', stream });
  const imds = { get: async (path: string) => leaves[path] ?? null };
  return {
    proof: await createProveRole(imds, 'eu-west-1', log)(hello, Date.now()),
    logged,
  };
}

test('a node with a role signs for its hello, and neither proof nor log holds the secret', async () => {
  const { proof, logged } = await prove({
    [FOLDER]: 'web\n',
    [`${FOLDER}web`]: JSON.stringify(credentials),
  });
  expect(proof).toMatchObject({
    access_key_id: 'ASIA1',
    session_token: 'token',
    signature: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(JSON.stringify(proof) + logged()).not.toContain('very secret');
});

test('a node without a role has no proof', async () => {
  expect((await prove({})).proof).toBeNull();
});

test.each([
  ['cut off', JSON.stringify(credentials).slice(0, -5)],
  ['of another shape', JSON.stringify({ ...credentials, Token: null })],
  ['not ready yet', JSON.stringify({ ...credentials, Code: 'Failed' })],
])('credentials that are %s make no proof, and are not logged', async (_, text) => {
  const { proof, logged } = await prove({ [FOLDER]: 'web', [`${FOLDER}web`]: text });
  expect(proof).toBeNull();
  expect(logged()).toContain('no proof of the role');
  expect(logged()).not.toContain('secret');
});

test('a role name that is a path is not followed', async () => {
  expect((await prove({ [FOLDER]: '../user-data', [`${FOLDER}../user-data`]: '{}' })).proof).toBeNull();
});

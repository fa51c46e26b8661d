import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { renderUserData } from '../../userdata/render.ts';
import { tempDir } from '../agent/temp.ts';
import { userDataInput } from './input.ts';

test('The user data is valid by the word of cloud-init itself', async () => {
  const path = join(await tempDir(), 'user-data');
  await writeFile(path, renderUserData(await userDataInput()));
  // Without --annotate: that crashes in cloud-init 22.4.2 when an item of a list is wrong.
  const { stdout } = await promisify(execFile)('cloud-init', ['schema', '--config-file', path]);
  expect(stdout).toContain('Valid cloud-config');
});

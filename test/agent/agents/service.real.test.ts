import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import agent from '../../../agent/agents/service.ts';
import { runProgram } from '../../../agent/program.ts';
import { aNode, request } from '../host.ts';
import { tempDir } from '../temp.ts';

const NAME = 'muster-test-service';
const SCRIPT = `#!/bin/sh
### BEGIN INIT INFO
# Provides:          ${NAME}
# Required-Start:
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: of a test
### END INIT INFO
exit 3
`;

test('A service of Debian without systemd is enabled and disabled through update-rc.d', async () => {
  const path = join('/etc/init.d', NAME);
  onTestFinished(async () => {
    await rm(path, { force: true });
    await runProgram('update-rc.d', ['-f', NAME, 'remove'], { timeoutMs: 30_000 });
  });
  await writeFile(path, SCRIPT);
  await chmod(path, 0o755);
  await runProgram('update-rc.d', [NAME, 'defaults-disabled'], { timeoutMs: 30_000 });
  const { host } = await aNode({ settings: { 'service.systemd_dir': join(await tempDir(), 'none') } });
  const { status, enable, disable } = agent.actions;
  const service = { service: NAME };
  expect(await status(service, request, host)).toEqual({ status: 'stopped', enabled: false });
  expect(await enable(service, request, host)).toEqual({ status: 'stopped', enabled: true });
  expect(await disable(service, request, host)).toEqual({ status: 'stopped', enabled: false });
});

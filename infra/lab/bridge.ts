import { runOk } from './process.ts';

/** Makes the bridge that all boxes are plugged in, with the lab's own addresses on it. */
export async function createBridge(bridge: string, addresses: readonly string[]): Promise<void> {
  const lines = [
    `link add ${bridge} type bridge`,
    ...addresses.map((one) => `addr add ${one} dev ${bridge}`),
  ];
  await runOk('making the bridge', ['ip', '-batch', '-'], {
    input: `${lines.join('\n')}\nlink set ${bridge} up\n`,
  });
}

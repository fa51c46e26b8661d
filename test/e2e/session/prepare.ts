import { expect, vi } from 'vitest';
import { ok, type TestLab } from '../kit.ts';
import { NODES } from './script.ts';
import type { Person } from './transcript.ts';

/** What the site says of its web nodes: who may do what, a check that is well, one that is not everywhere, a service. */
const SITE = String.raw`
set -eu
mkdir -p /etc/muster/policies /etc/nagios/nrpe.d
for agent in puppet service; do
  printf 'policy default deny\nallow\tcert=operator\t*\t*\t*\n' > /etc/muster/policies/$agent.policy
done
cat > /etc/nagios/nrpe.d/site.cfg <<'CFG'
command[check_disk]=echo 'DISK OK - 42% used | used=42%;80;90'
command[check_queue]=n=$(cat /var/lib/shop.queue); [ $n -lt 1000 ] && echo "QUEUE OK - $n waiting | waiting=$n" && exit 0; echo "QUEUE CRITICAL - $n waiting | waiting=$n"; exit 2
CFG
cat > /etc/init.d/shop <<'INIT'
#!/bin/sh
### BEGIN INIT INFO
# Provides: shop
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
case "$1" in
start | restart) touch /run/shop ;;
stop) rm -f /run/shop ;;
status) [ -e /run/shop ] || exit 3 ;;
esac
INIT
chmod 755 /etc/init.d/shop
ln -sf ../init.d/shop /etc/rc2.d/S20shop
/etc/init.d/shop start
# An agent looks for what it needs when the daemon starts: nrpe for its folder.
/etc/init.d/muster restart
`;

/** Provisions the nodes of the session, gives them what it needs, and waits until they offer it. */
export async function provisionNodes(lab: TestLab, person: Person): Promise<void> {
  const ids = Object.entries(NODES);
  for (const [region, id] of ids) {
    const country = region.startsWith('us') ? 'us' : 'ie';
    await lab.launch(region, '--instance-id', id, '--fact', 'role=web', `country=${country}`);
  }
  for (const [, id] of ids) {
    const { state } = await lab.run(id, ({ endedAtMs }) => endedAtMs !== null);
    expect(state).toBe('provisioned');
  }
  for (const [index, [, id]] of ids.entries()) {
    const input = `echo ${index === 0 ? 4711 : 3} > /var/lib/shop.queue\n${SITE}`;
    await ok(lab.lab.exec(id, ['sh', '-s'], { input }));
  }
  const allOffer = async () => {
    const found = await person.type({ line: 'muster find -A nrpe' });
    for (const [, id] of ids) expect(found).toContain(id);
  };
  await vi.waitFor(allOffer, { timeout: 60_000, interval: 500 });
}

import type { LabClient } from '../../../infra/lab/client.ts';

/** What the site says of its web nodes: who may do what, a check that is well, one that is not everywhere, a service. */
const SITE = String.raw`
set -eu
mkdir -p /etc/muster/policies /etc/nagios/nrpe.d
for agent in puppet service; do
  printf 'policy default deny\nallow\tcert=operator\t*\t*\t*\n' > /etc/muster/policies/$agent.policy
done
cat > /etc/nagios/nrpe.d/site.cfg <<'CFG'
command[check_disk]=echo 'DISK OK - 42% used | used=42%;80;90'
command[check_queue]=case $(hostname) in *1.lab.test|*1) echo 'QUEUE CRITICAL - 4711 waiting | waiting=4711'; exit 2;; *) echo 'QUEUE OK - 3 waiting | waiting=3';; esac
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
`;

/** Gives nodes of the lab what a session needs. */
export async function prepareNodes(lab: LabClient, ids: readonly string[]): Promise<void> {
  for (const id of ids) await lab.exec(id, ['sh', '-s'], { input: SITE });
}

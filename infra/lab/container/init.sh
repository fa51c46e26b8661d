#!/bin/sh
# pid 1 of the lab: makes its network and private mounts, runs the supervisor, reaps orphans. With its end the kernel
# ends every process in here and takes namespaces, mounts and network cards away.
# usage: init.sh NODE STATE_DIR attached|detached with-masters|no-masters
# fd 3: one line "HOST_IP LAB_IP" comes in, then silence; its end means that the starter is gone.
# fd 4: "card?" goes out, then the supervisor's progress as JSON lines.
set -eu
umask 022
node=$1 state=$2 mode=$3 masters=$4
here=$(dirname "$(readlink -f "$0")")

echo 'card?' >&4
read -r host_ip lab_ip <&3
hostname lab
ip link set lo up
ip addr add "$lab_ip/30" dev host0
ip link set host0 up
# A new network namespace may inherit the host's settings: boxes must find no way through here to the host.
echo 0 > /proc/sys/net/ipv4/ip_forward
# The kernel answers for any of its addresses on any card. Services for the host alone stay out of the boxes' reach.
if ip rule add pref 10 table local && ip rule del pref 0; then
  ip rule add pref 5 iif br0 to 100.64.0.0/10 prohibit
fi
# A socket whose process was killed keeps its network alive for up to a minute of polite farewells. Here they are short,
# so that a lab that has ended is gone.
echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries
echo 1 > /proc/sys/net/ipv4/tcp_fin_timeout
mount -t tmpfs -o mode=700 tmpfs "$state/disks"
mount --bind "$state/hosts" /etc/hosts
printf 'search lab.test\n' > "$state/resolv.conf"
mount --bind "$state/resolv.conf" /etc/resolv.conf

supervisor=
trap '[ -z "$supervisor" ] || kill -TERM "$supervisor" 2>/dev/null' TERM INT
"$node" "$here/../supervisor.ts" "$state" "$lab_ip" "$mode" "$masters" &
supervisor=$!
code=0
while kill -0 "$supervisor" 2>/dev/null; do
  code=0
  wait "$supervisor" || code=$?
done
exit "$code"

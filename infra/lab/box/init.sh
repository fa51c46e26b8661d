#!/bin/sh
# Builds a box: runs as pid 1 of its new namespaces while the lab's root is still visible, ends as the box's own pid 1.
# usage: init.sh NAME IP DISK_DIR HOSTS_FILE PREPARE_FILE HIDE_DIR [FROM:TO:ro|rw ...]
# fd 3: one line comes in when the network card has been handed over; fd 4: words go out ("cards?", "up").
set -eu
umask 022
name=$1 ip=$2 disk=$3 hosts=$4 prepare=$5 hide=$6
shift 6
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../../..")

echo 'card?' >&4
read -r _ <&3
ip link set lo up
ip addr add "$ip/16" dev eth0
ip link set eth0 up
ip route add 169.254.169.254/32 dev eth0
# A socket whose process was killed keeps its network alive for up to a minute of polite farewells. Here they are short,
# so that a lab that has ended is gone.
echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries
echo 1 > /proc/sys/net/ipv4/tcp_fin_timeout

# DISK_DIR is in RAM and outlives these namespaces, so that a reboot keeps the disk.
first_boot=no
[ -d "$disk/upper" ] || first_boot=yes
mkdir -p "$disk/upper" "$disk/work" "$disk/root"
root=$disk/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"

cd "$root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/lock
mount -t tmpfs -o mode=1777 tmpfs tmp
# Programs of the lab run from this checkout, which may lie in a folder that is hidden now.
case $checkout in
/tmp/* | /run/*)
  mkdir -p "$root$checkout"
  mount --bind "$checkout" "$root$checkout"
  mount -o remount,bind,ro "$root$checkout"
  ;;
esac
for bind in "$@"; do
  from=${bind%%:*} rest=${bind#*:}
  to=$root${rest%%:*} mode=${rest##*:}
  mkdir -p "$to"
  mount --bind "$from" "$to"
  mount -o "remount,bind,$mode" "$to"
done
# The lab's keys lie below the directory that the boxes see through their root.
mkdir -p "$root$hide"
mount -t tmpfs -o size=4k,mode=000 tmpfs "$root$hide"
cp "$hosts" etc/hosts

if [ $first_boot = yes ]; then
  echo "$name" > etc/hostname
  printf 'search lab.test\noptions timeout:1 attempts:1\n' > etc/resolv.conf
  # Else cloud-init and systemd-detect-virt take the box for a container and do not read its DMI data.
  rm -f .dockerenv run/.containerenv
  # Nothing of this host's own may show. Puppet falls back to another ssldir if var/lib/puppet/ssl itself is missing.
  rm -rf etc/puppet/ssl etc/puppet/puppetserver/ca var/lib/puppet/ssl/* var/cache/puppet etc/facter
  rm -rf var/lib/cloud etc/muster var/lib/muster etc/rc?.d/S* etc/rc?.d/K*
  od -An -tx1 -N16 /dev/urandom | tr -d ' \n' > etc/machine-id
  cp "$here/dmidecode.sh" usr/local/sbin/dmidecode
  cp "$here/pid1.sh" sbin/muster-box-pid1
  for command in poweroff halt shutdown reboot; do
    printf '#!/bin/sh\nkill -%s 1\n' "$([ $command = reboot ] && echo HUP || echo TERM)" > "usr/local/sbin/$command"
  done
  chmod 755 usr/local/sbin/* sbin/muster-box-pid1
fi
hostname "$(cat etc/hostname)"
if [ $first_boot = yes ] && [ -s "$prepare" ]; then
  env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot . sh -eu -s < "$prepare"
fi

mkdir -p old
pivot_root . old
cd /
umount -l /old
rmdir /old
echo up >&4
exec 3<&- 4>&-
exec env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /sbin/muster-box-pid1

#!/bin/sh
# pid 1 of a box: starts the LSB scripts linked in /etc/rc2.d, reaps orphans, and stops them again on SIGTERM
# (power off, exit code 0) or SIGHUP (reboot, exit code 129). With its end the kernel ends everything in the box.
stop() {
  trap '' TERM HUP
  for script in /etc/rc2.d/S*; do
    [ -x "$script" ] && timeout 10 "$script" stop </dev/null
  done
  exit "$1"
}
trap 'stop 0' TERM
trap 'stop 129' HUP
for script in /etc/rc2.d/S*; do
  [ -x "$script" ] && "$script" start </dev/null
done
while :; do
  sleep 1000000 &
  wait $!
done

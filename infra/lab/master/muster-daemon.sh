#!/bin/sh
# LSB script of Muster's daemon in a master box: started again whenever it ends.
# Needs /etc/default/muster-daemon: NODE, MAIN.
[ -r /etc/default/muster-daemon ] && [ -r /etc/muster/daemon.yaml ] || exit 0
. /etc/default/muster-daemon
case $1 in
start)
  setsid sh -c 'while :; do "$0" "$1" --config /etc/muster/daemon.yaml; sleep 1; done' "$NODE" "$MAIN" \
    </dev/null >> /var/log/muster-daemon.log 2>&1 &
  echo $! > /run/muster-daemon.pid
  ;;
stop)
  kill -- "-$(cat /run/muster-daemon.pid)" 2>/dev/null
  ;;
esac

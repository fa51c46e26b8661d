#!/bin/sh
# Fetches Muster's daemon and its Node from the mirror, verifies both, installs them in /opt/muster and starts the daemon
# under the init of this machine. Safe to run again: what is there and right is kept. Reads install.conf beside it:
#   mirror URL | ca FILE | file SHA256 NAME
set -eu
umask 022
ROOT=${MUSTER_ROOT:-}
ETC=$ROOT/etc/muster
OPT=$ROOT/opt/muster
TRIES=${MUSTER_TRIES:-6}
mirror='' ca='' changed=no

say() {
  echo "muster-install: $*"
  if [ -z "$ROOT" ] && [ -w /dev/console ]; then echo "muster-install: $*" >/dev/console 2>/dev/null || :; fi
}

die() {
  say "FAILED: $*" >&2
  exit 1
}

# download URL FILE
download() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --proto '=https' --connect-timeout 10 --max-time 900 ${ca:+--cacert "$ca"} --output "$2" "$1"
  elif command -v wget >/dev/null 2>&1; then
    wget --quiet --https-only --tries=1 --timeout=30 ${ca:+--ca-certificate="$ca"} --output-document="$2" "$1"
  else
    die "neither curl nor wget is installed"
  fi
}

sum_of() {
  sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1
}

# fetch NAME TARGET: nothing reaches its place before its checksum is right.
fetch() {
  wanted=$(awk -v name="$1" '$1 == "file" && $3 == name { print $2 }' "$ETC/install.conf")
  [ -n "$wanted" ] || die "the mirror has no $1 (machine $(uname -m))"
  if [ "$(sum_of "$OPT/$2")" = "$wanted" ]; then return 0; fi
  part=$OPT/.$2.part
  try=1
  until download "$mirror/$1" "$part"; do
    [ "$try" -lt "$TRIES" ] || die "cannot fetch $mirror/$1 (tried $TRIES times)"
    say "cannot fetch $mirror/$1, trying again"
    sleep $((try * 2))
    try=$((try + 1))
  done
  got=$(sum_of "$part")
  if [ "$got" != "$wanted" ]; then
    rm -f "$part"
    die "$mirror/$1 has the SHA-256 ${got:-?}, expected $wanted: nothing was installed"
  fi
  chmod 755 "$part"
  sync "$part" 2>/dev/null || :
  mv -f "$part" "$OPT/$2" || die "cannot install $OPT/$2"
  changed=yes
}

# place FILE TARGET MODE
place() {
  cmp -s "$ETC/install/$1" "$2" && return 0
  mkdir -p "$(dirname "$2")"
  cp "$ETC/install/$1" "$2.part" && chmod "$3" "$2.part" && mv -f "$2.part" "$2" || die "cannot install $2"
  changed=yes
}

start_systemd() {
  place muster.service "$ROOT/etc/systemd/system/muster.service" 644
  systemctl daemon-reload || die "systemctl daemon-reload failed"
  systemctl enable muster.service || die "systemd does not enable muster.service"
  if [ "$changed" = yes ]; then verb=restart; else verb=start; fi
  systemctl "$verb" muster.service || die "systemd does not start muster.service: see journalctl -u muster"
}

start_sysv() {
  place muster.init "$ROOT/etc/init.d/muster" 755
  if [ -z "$ROOT" ] && command -v update-rc.d >/dev/null 2>&1; then
    update-rc.d muster defaults >/dev/null || die "update-rc.d failed"
  else
    mkdir -p "$ROOT/etc/rc2.d"
    ln -sf ../init.d/muster "$ROOT/etc/rc2.d/S20muster" || die "cannot link the init script"
  fi
  if [ "$changed" = yes ]; then verb=restart; else verb=start; fi
  "$ROOT/etc/init.d/muster" "$verb" || die "the init script does not start the daemon"
}

[ -r "$ETC/install.conf" ] || die "there is no $ETC/install.conf"
while read -r key value _; do
  case $key in
  mirror) mirror=$value ;;
  ca) ca=$ROOT$value ;;
  esac
done <"$ETC/install.conf"
[ -n "$mirror" ] || die "$ETC/install.conf names no mirror"
command -v sha256sum >/dev/null 2>&1 || die "sha256sum is not installed"

case $(uname -m) in
x86_64 | amd64) arch=x64 ;;
aarch64 | arm64) arch=arm64 ;;
*) die "no Node for the machine $(uname -m)" ;;
esac

mkdir -p "$OPT" || die "cannot make $OPT"
fetch muster-daemon.cjs muster-daemon.cjs
fetch "node-linux-$arch" node
"$OPT/node" --version >/dev/null || die "$OPT/node does not run on this machine"

if [ -d "$ROOT/run/systemd/system" ]; then start_systemd; else start_sysv; fi
say "the daemon is installed and started"

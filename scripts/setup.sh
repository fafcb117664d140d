#!/usr/bin/env bash
# Makes a fresh machine ready: Debian packages that are missing, npm packages, a clean build.
# What is there already is left as it is; a second run takes a second.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_node() {
  local have
  have=$(node -p 'process.versions.node' 2>/dev/null) || fail "Node.js is missing. Install Node 20.19 or later: https://nodejs.org"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js $have is too old. Tessera needs 20.19 or later."
}

# command that must be there : Debian package that brings it
NEEDED="dockerd:docker.io docker:docker.io docker-registry:docker-registry etcd:etcd-server nft:nftables ip:iproute2 conntrack:conntrack
iptables:iptables nsenter:util-linux pgrep:procps ping:iputils-ping curl:curl debootstrap:debootstrap ssh:openssh-client
wg:wireguard-tools wireguard-go:wireguard-go tcpdump:tcpdump iperf3:iperf3 wrk:wrk python3:python3 make:make g++:g++ openssl:openssl caddy:caddy ndppd:ndppd"

missing_packages() {
  local pair
  for pair in $NEEDED; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
  done | sort -u
  # Images from nothing need a busybox without shared libraries.
  if ! [ -e /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then echo busybox-static; fi
}

# Daemons that the packages bring must not start by themselves: Tessera's hosts run their own.
with_services_held() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e $policy ]; then "$@"; return; fi
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod +x $policy
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  "$@"
  rm -f $policy
  trap - EXIT
}

install_packages() {
  local packages
  packages=$(missing_packages | tr '\n' ' ')
  [ -n "${packages// /}" ] || return 0
  command -v apt-get >/dev/null || fail "these programs are missing: $packages(Debian package names). Install them with your package manager."
  [ "$(id -u)" = 0 ] || fail "some programs are missing. As root, run: apt-get install --no-install-recommends $packages"
  say "installing Debian packages: $packages"
  apt-get update -qq
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive with_services_held apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

install_npm_packages() {
  local stamp=node_modules/.tessera-lock
  if [ -f $stamp ] && cmp -s package-lock.json $stamp; then return; fi
  say "installing npm packages (two minutes on a fresh machine: SQLite is compiled)"
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json $stamp
}

build() {
  say "building"
  node scripts/clean.mjs
  npx --no-install tsc -b
}

need_node
install_packages
install_npm_packages
build

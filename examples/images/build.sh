#!/usr/bin/env bash
# Prepares Docker build contexts of the examples' images without any image from the internet: static busybox, and Redis
# and PostgreSQL from Debian's packages.   build.sh FOLDER   gives FOLDER/web and FOLDER/vote.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh FOLDER}

# What the programs need beyond the C library comes from these packages, or from this machine's own libraries.
PACKAGES="redis-server redis-tools postgresql-15 postgresql-client-15 libpq5 liblzf1 libjemalloc2 liblua5.1-0 lua-cjson
lua-bitop libhiredis0.14 libatomic1 libxml2 libicu72 libxslt1.1 libldap-2.5-0 libsasl2-2 libgssapi-krb5-2 libkrb5-3
libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2 libreadline8 libtinfo6 libssl3 libsystemd0 liblz4-1 libzstd1 libpam0g
libaudit1 libcap-ng0 libstdc++6 libgcc-s1 zlib1g liblzma5 libcap2 libgcrypt20 libgpg-error0 libbsd0 libmd0 libedit2"

busybox_root() {
  mkdir -p "$1"/{bin,tmp,etc,proc,sys,dev,root,www/cgi-bin}
  chmod 1777 "$1/tmp"
  cp "$(command -v busybox)" "$1/bin/busybox"
  local name
  for name in $("$1/bin/busybox" --list | grep -vx busybox); do ln -sf busybox "$1/bin/$name"; done
  printf 'root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n' > "$1/etc/passwd"
  printf 'root:x:0:\npostgres:x:999:\n' > "$1/etc/group"
}

# A page's script answers every path: busybox httpd runs /cgi-bin/index.cgi for "/".
install_page() { install -m 755 "$1" "$2/www/cgi-bin/index.cgi"; }

web() {
  busybox_root "$out/web/rootfs"
  install_page "$here/web/serve.cgi" "$out/web/rootfs"
  cp "$here/web/Dockerfile" "$out/web/"
}

unpack_packages() {
  local root=$1 cache=$out/packages deb
  mkdir -p "$cache"
  # shellcheck disable=SC2086  # a list of words
  (cd "$cache" && apt-get download -qq $PACKAGES 2>/dev/null) || { echo "error: Debian packages cannot be downloaded; try: apt-get update" >&2; exit 1; }
  for deb in "$cache"/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink --wildcards './usr/bin/redis*' './usr/lib/*' './lib/*' './usr/share/postgresql/*' 2>/dev/null || true; done
  rm -rf "$root/usr/lib/postgresql/15/lib/bitcode" "$root"/usr/lib/debug
}

# Copies the dynamic loader and those libraries that no package brought.
copy_missing_libraries() {
  local root=$1 library program
  local libraries=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
  for program in redis-server redis-cli; do LD_LIBRARY_PATH=$libraries ldd "$root/usr/bin/$program"; done > "$out/needed"
  for program in postgres initdb psql pg_isready; do LD_LIBRARY_PATH=$libraries ldd "$root/usr/lib/postgresql/15/bin/$program"; done >> "$out/needed"
  if grep 'not found' "$out/needed" >&2; then echo "error: libraries are missing" >&2; exit 1; fi
  mkdir -p "$root/lib64" "$root/usr/lib/x86_64-linux-gnu"
  grep -o '/[^ ]*' "$out/needed" | grep -v -e "^$root" -e ':$' -e ld-linux | sort -u | while read -r library; do
    cp -L "$library" "$root/usr/lib/x86_64-linux-gnu/"
  done
  cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
  for library in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do cp -L "/lib/x86_64-linux-gnu/$library" "$root/usr/lib/x86_64-linux-gnu/"; done
}

vote() {
  local root=$out/vote/rootfs
  busybox_root "$root"
  unpack_packages "$root"
  copy_missing_libraries "$root"
  mkdir -p "$root/usr/local/bin" "$out/vote/data"
  touch "$out/vote/data/.keep"
  install -m 755 "$here/vote/worker.sh" "$root/usr/local/bin/worker"
  install -m 755 "$here/vote/database.sh" "$root/usr/local/bin/database"
  install -m 755 "$here/vote/serve.sh" "$root/usr/local/bin/serve"
  mkdir -p "$root"/www/{vote,result}/cgi-bin
  install -m 755 "$here/vote/vote.cgi" "$root/www/vote/cgi-bin/index.cgi"
  install -m 755 "$here/vote/result.cgi" "$root/www/result/cgi-bin/index.cgi"
  cp "$here/vote/Dockerfile" "$out/vote/"
}

rm -rf "$out/web" "$out/vote"
web
vote
rm -rf "$out/packages" "$out/needed"

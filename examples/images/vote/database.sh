#!/bin/sh
# The database: made on the first start in a folder of its volume (a volume is never quite empty), and kept there.
set -e
data=/var/lib/postgresql/data/pgdata
if [ ! -f $data/PG_VERSION ]; then
  printf '%s' "${POSTGRES_PASSWORD:?}" > /tmp/password
  initdb -D $data -U "${POSTGRES_USER:-postgres}" --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8 --locale=C >/dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >> $data/pg_hba.conf
  sed -i 's/^local.*/local all all trust/' $data/pg_hba.conf
fi
exec postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/tmp -c jit=off

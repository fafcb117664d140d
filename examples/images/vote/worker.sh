#!/bin/sh
# The worker: carries votes from the queue to the database. A vote that the database did not take goes back to the queue.
export PGPASSWORD=postgres PGCONNECT_TIMEOUT=3
query() { psql -h db -U postgres -qtA -v ON_ERROR_STOP=1 "$@" >/dev/null; }
trap 'exit 0' TERM INT
until query -c 'create table if not exists votes (id varchar(255) not null unique, vote varchar(255) not null)'; do
  echo "waiting for the database"
  sleep 1
done
echo "connected to the database"
while :; do
  message=$(redis-cli -h redis blpop votes 5 | tail -n 1)
  case "$message" in *voter_id*) ;; *) continue ;; esac
  voter=$(printf '%s' "$message" | sed 's/.*"voter_id":"\([^"]*\)".*/\1/')
  vote=$(printf '%s' "$message" | sed 's/.*"vote":"\([ab]\)".*/\1/')
  if printf "insert into votes values (:'voter', :'vote') on conflict (id) do update set vote = :'vote'" |
    query -v voter="$voter" -v vote="$vote"; then
    echo "counted a vote for $vote"
  else
    redis-cli -h redis lpush votes "$message" >/dev/null
    sleep 1
  fi
done

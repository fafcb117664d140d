#!/bin/sh
# The page of results: counts the votes in the database.
export PGPASSWORD=postgres PGCONNECT_TIMEOUT=3
counts=$(psql -h db -U postgres -qtA -F ' ' -c 'select vote, count(*) from votes group by vote' 2>&1) || error=$counts
count() { printf '%s\n' "$counts" | sed -n "s/^$1 //p"; }
cats=$(count a)
dogs=$(count b)
printf 'Content-Type: text/html\r\n\r\n'
cat <<HTML
<!doctype html><title>Result</title>
<body style="font-family: sans-serif; text-align: center; margin-top: 10vh">
<h1>Cats ${cats:-0} : ${dogs:-0} Dogs</h1><p>$error</p>
<p><small>answered by container $(hostname)</small></p>
HTML

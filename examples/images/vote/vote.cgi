#!/bin/sh
# The front end: takes a vote and puts it in the queue.
if [ "$REQUEST_METHOD" = POST ]; then
  body=$(head -c "${CONTENT_LENGTH:-0}")
  case "$body" in
    *vote=a*) vote=a ;;
    *vote=b*) vote=b ;;
  esac
fi
note="Choose one:"
if [ -n "$vote" ]; then
  voter=$(head -c 8 /dev/urandom | od -An -tx1 | tr -d ' \n')
  if redis-cli -h redis rpush votes "{\"voter_id\":\"$voter\",\"vote\":\"$vote\"}" >/dev/null; then
    note="Thank you: vote $vote is counted."
  else
    note="The queue cannot be reached at the moment."
  fi
fi
printf 'Content-Type: text/html\r\n\r\n'
cat <<HTML
<!doctype html><title>Vote</title>
<body style="font-family: sans-serif; text-align: center; margin-top: 10vh">
<h1>Cats or dogs?</h1><p>$note</p>
<form method="post"><button name="vote" value="a">Cats</button> <button name="vote" value="b">Dogs</button></form>
<p><small>answered by container $(hostname)</small></p>
HTML

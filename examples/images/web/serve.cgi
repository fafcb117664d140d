#!/bin/sh
# One page for every path: which container answers.
printf 'Content-Type: text/plain\r\n\r\n'
printf 'Hostname: %s\n' "$(hostname)"
ip -4 addr show scope global | sed -n 's/.*inet \([0-9.]*\).*/IP: \1/p'
printf 'RemoteAddr: %s\n' "$REMOTE_ADDR"

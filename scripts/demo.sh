#!/usr/bin/env bash
# The main job, on a fresh machine too: several hosts, two stacks, a page to look at. `npm run demo -- down` ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -s)" = Linux ] || { echo "error: the demo makes hosts from Linux namespaces; run it on Linux" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "error: the demo needs root to make hosts: sudo npm run demo" >&2; exit 1; }
if [ "${1:-up}" != down ]; then bash scripts/setup.sh; fi
exec node scripts/demo.mjs "$@"

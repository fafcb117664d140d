#!/usr/bin/env bash
# Set-up, checks and all tests: `npm test`, also on a fresh machine. Arguments name tiers: `npm test -- unit sim`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
if [ $# -eq 0 ]; then npm run --silent check; fi
exec node scripts/test.mjs "$@"

#!/usr/bin/env -S node --
// The two dashes: Node 20 would take `--env-file` for its own otherwise, wherever it stands.
import { main } from '../dist/main.js';

process.exitCode = await main(process.argv);

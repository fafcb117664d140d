// Runs every tier of tests, one after the other, and ends with one line of totals. `node scripts/test.mjs unit sim` runs only those.
// The machine must look the same before and after: processes, namespaces, mounts, links, nft tables and cgroups are compared.
import { spawn } from 'node:child_process';

const TIERS = ['unit', 'contract', 'sim', 'integration', 'e2e'];
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !TIERS.includes(name));
if (unknown.length > 0) {
  console.error(`error: no tier is called ${unknown.join(', ')}; there are: ${TIERS.join(', ')}`);
  process.exit(2);
}

/** Runs one tier, shows what it prints, and counts what mocha says passed, failed and was left out. */
async function runTier(name) {
  const child = spawn('npm', ['run', '--silent', `test:${name}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    output += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  const count = (word) => Number(output.match(new RegExp(`^\\s*(\\d+) ${word}`, 'm'))?.[1] ?? 0);
  return { name, code, passed: count('passing'), failed: count('failing'), skipped: count('pending') };
}

/** Other people's processes may come and go on the machine; of those that the tests start, none may. */
function isOurs(line) {
  const programs = /dockerd|containerd|runc|docker-registry|etcd|tessera|tsctl|mocha|nsenter|unshare|nspawn|systemd|debootstrap/;
  return !line.startsWith('process ') || programs.test(line) || line.includes(process.cwd());
}

const { diffMachine, snapshotMachine } = await import('../test/dist/support/leftovers.js');
const before = await snapshotMachine();
const results = [];
for (const name of chosen.length > 0 ? chosen : TIERS) {
  console.log(`\n== ${name} tests`);
  results.push(await runTier(name));
}
const { added, removed } = diffMachine(before, await snapshotMachine(), isOurs);
for (const line of added) console.error(`left behind: ${line}`);
for (const line of removed) console.error(`lost: ${line}`);
const changed = added.length + removed.length > 0;

const sum = (key) => results.reduce((total, result) => total + result[key], 0);
// A tier that ended badly without a failing test (a crash, a missing file) still counts as a failure.
const crashed = results.filter((result) => result.code !== 0 && result.failed === 0);
for (const result of crashed) console.error(`the ${result.name} tier ended with code ${result.code}`);
const failed = sum('failed') + crashed.length + (changed ? 1 : 0);
console.log(`\n${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`);
process.exitCode = failed > 0 || sum('passed') === 0 ? 1 : 0;

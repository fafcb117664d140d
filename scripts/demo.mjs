// Brings up three hosts, builds the examples' images without the internet, deploys both examples and shows them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bed } from '@tessera/bed';

const CLUSTER = process.env.TESSERA_DEMO_CLUSTER ?? 'demo';
const VOTE_PARTS = ['vote', 'result', 'worker', 'redis', 'db'];

const [action = 'up', ...rest] = process.argv.slice(2);
if (!['up', 'down'].includes(action) || rest.length > 0)
  fail(`unknown words: ${[action, ...rest].join(' ')}. Say: npm run demo, or npm run demo -- down`);
if (action === 'down') process.exit(tsctl(['dev', 'down', CLUSTER]));
await up();

async function up() {
  if ((await Bed.list()).some((bed) => bed.name === CLUSTER)) must(tsctl(['context', 'use', CLUSTER]));
  else must(tsctl(['dev', 'up', '--name', CLUSTER, '--hosts', '3']));
  const bed = await Bed.open(CLUSTER);
  const images = await buildImages(bed);
  say('deploying examples/web: a page with six replicas');
  must(tsctl(['deploy', '--file', 'examples/web/compose.yml', '--name', 'web', '--timeout', '3m'], images));
  say('deploying examples/vote: front end, queue, worker, database and results');
  must(tsctl(['deploy', '--file', 'examples/vote/compose.yml', '--name', 'vote', '--timeout', '3m'], images));
  must(tsctl(['ps']));
  await show(bed.hosts[0].ip);
}

/** Builds every image on the first host and pushes it to the cluster's registry; each host pulls what it runs. */
async function buildImages(bed) {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-demo-'));
  try {
    say('building images from static busybox and Debian packages');
    must(run('bash', ['examples/images/build.sh', folder]));
    const env = { WEB_IMAGE: await bed.buildAndPush({ context: join(folder, 'web'), tag: 'web:1' }) };
    for (const part of VOTE_PARTS) {
      env[`${part.toUpperCase()}_IMAGE`] = await bed.buildAndPush({ context: join(folder, 'vote'), tag: `${part}:1`, target: part });
    }
    return env;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks the pages, as a browser would, and says where to look. */
async function show(address) {
  const page = await fetch(`http://${address}:8080/`).then((answer) => answer.text());
  say(`http://${address}:8080/ answers:`);
  console.log(page.trim());
  for (const port of [8081, 8082]) {
    const { ok, status } = await fetch(`http://${address}:${port}/`);
    if (!ok) fail(`http://${address}:${port}/ answered ${status}`);
  }
  say('look at it:');
  console.log(`  http://${address}:8080/   a web page: every answer comes from another container, on any of the hosts
  http://${address}:8081/   vote for cats or dogs        http://${address}:8082/   the results
  tsctl is:           node packages/cli/bin/tsctl.js   (try: ps, service ls, node ls, scale web_web=9, logs vote_worker)
  the end of it:      npm run demo -- down`);
}

function tsctl(args, env = {}) {
  return run(process.execPath, ['packages/cli/bin/tsctl.js', ...args], env);
}

function run(program, args, env = {}) {
  return spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}

function must(code) {
  if (code !== 0) process.exit(code);
}

function say(text) {
  console.log(`\u001b[1m==>\u001b[0m ${text}`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Bed } from '@tessera/bed';
import { type RunningCluster, startCluster } from '@tessera/bed/cluster/index';
import { type Clock, SystemClock, SystemRandom } from '@tessera/kit';
import { type Authority, createAuthority, issue, makeJoinToken } from '@tessera/kit/pki/index';
import { onHost, provideBusybox, testBedName } from '../../support/test-bed.js';
import type { BadInput } from './case.js';
import { type Ended, type RunOptions, runHere, runInHost, startBeside } from './commands.js';
import { Places } from './places.js';

const PKI_DIR = '/var/lib/tessera-manager/pki';
const DAY_MS = 86_400_000;
const PRIVATE = 0o600;

interface Credentials {
  ca: string;
  certificate: string;
  key: string;
}

/** A cluster of two hosts with a stack that runs, servers that are no managers, and a folder for the files of the cases. */
export class World {
  readonly #places = new Places();
  readonly #servers: Server[] = [];
  readonly #name = testBedName('bad');
  readonly #clock = new SystemClock();
  readonly #random = new SystemRandom();
  #root = '';
  #bed: Bed | undefined;
  #running: RunningCluster | undefined;
  #cases = 0;

  /** Makes all of it; after a failure too, `destroy` is to be called. */
  async create(): Promise<void> {
    this.#root = await mkdtemp(join(tmpdir(), 'bad-input-'));
    const bed = (this.#bed = await Bed.create({ name: this.#name, hosts: 2 }));
    this.#running = await startCluster(bed);
    this.#places
      .set('image', await provideBusybox(bed))
      .set('registry', bed.registry.address)
      .set('manager', this.#running.endpoint)
      .set('address', bed.hosts[0]?.ip ?? '')
      .set('token', this.#running.cluster.workerToken)
      .set('config', join(this.#root, 'config'));
    await this.#makeContexts(this.#running, await this.#authority());
  }

  async destroy(): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#running?.close();
    await Bed.destroy(this.#name);
    if (this.#root !== '') await rm(this.#root, { recursive: true, force: true });
  }

  /** Runs all commands of a case. @returns what a person sees, and whether the cluster is as it was. */
  async play(input: BadInput): Promise<{ shown: string; before: unknown; after: unknown }> {
    const folder = join(this.#root, `case${++this.#cases}`);
    await mkdir(folder);
    const places = this.#places.with('folder', folder);
    await this.#write(folder, input.files ?? {}, places);
    await input.prepare?.(folder);
    const options = this.#optionsOf(input, folder, places);
    for (const line of input.setUp ?? []) await this.#succeed(line, options, places);
    const before = await this.#state();
    const stop = input.beside === undefined ? undefined : await startBeside(places.fill(input.beside), options);
    try {
      const parts: string[] = [];
      for (const line of input.run) parts.push(this.#show(line, input, await this.#run(line, input, options, places), places));
      const after = await this.#state();
      for (const line of input.undo ?? []) await this.#succeed(line, options, places);
      return { shown: [...showGiven(input), ...parts].join(''), before, after };
    } finally {
      await stop?.();
    }
  }

  /** Deploys what the cases are refused in favour of. */
  async prepareStack(files: Readonly<Record<string, string>>, lines: readonly string[]): Promise<void> {
    const folder = join(this.#root, 'stack');
    await mkdir(folder);
    await this.#write(folder, files, this.#places);
    for (const line of lines) await this.#succeed(line, this.#optionsOf({ title: '', run: [] }, folder, this.#places), this.#places);
  }

  async #run(line: string, { on, until }: BadInput, options: RunOptions, places: Places): Promise<Ended> {
    const command = places.fill(line);
    const host = on === 'node1' ? this.#bed?.hosts[0] : undefined;
    return host ? runInHost(host, command, options) : runHere(command, { ...options, until });
  }

  async #succeed(line: string, options: RunOptions, places: Places): Promise<void> {
    const { code, stderr } = await runHere(places.fill(line), options);
    if (code !== 0) throw new Error(`${line}: ${stderr}`);
  }

  #show(line: string, { until }: BadInput, { code, stdout, stderr }: Ended, places: Places): string {
    const said = until ? firstMatch(stderr, until) : stderr.replace(PROGRESS, '');
    const out = stdout === '' || until ? '' : `stdout:\n${stdout}`;
    const end = until ? '' : `exit code ${code}\n`;
    return places.mask(`$ ${line}\n${withNewline(said)}${withNewline(out)}${end}`);
  }

  #optionsOf({ env = {}, stdin }: BadInput, cwd: string, places: Places): RunOptions {
    const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, places.fill(value)]));
    const config = { TESSERA_CONFIG_DIR: this.#places.get('config') };
    return { cwd, env: { PATH: process.env.PATH ?? '', HOME: cwd, ...config, ...own }, stdin: stdin && places.fill(stdin) };
  }

  async #write(folder: string, files: Readonly<Record<string, string>>, places: Places): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, places.fill(text), { mode: PRIVATE });
    }
  }

  /** What no refusal may change; undefined when the manager is away. */
  async #state(): Promise<unknown> {
    const client = this.#running?.client;
    if (!client) return undefined;
    const [services, tasks, networks, nodes, configs, secrets] = await Promise.all([
      client.call('listServices', { query: {} }),
      client.call('listTasks', { query: { all: true } }),
      client.call('listNetworks', {}),
      client.call('listNodes', {}),
      client.call('listConfigs', {}),
      client.call('listSecrets', {}),
    ]);
    return {
      services: services.map(({ id, specRevision, spec }) => ({ id, specRevision, spec })),
      tasks: tasks.map(({ id, status, desired }) => `${id} ${status.state} ${desired}`).sort(),
      nodes: nodes.map(({ id, status, spec }) => ({ id, state: status.state, spec })),
      others: [...networks, ...configs, ...secrets].map(({ id }) => id).sort(),
    };
  }

  async #authority(): Promise<Authority> {
    const host = this.#bed?.hosts[0];
    if (!host) throw new Error('the bed has no host');
    return {
      certificate: `${await onHost(host, 'cat', `${PKI_DIR}/ca.crt`)}\n`,
      key: `${await onHost(host, 'cat', `${PKI_DIR}/ca.key`)}\n`,
    };
  }

  /** The contexts that the cases name with --context, and the servers behind them. */
  async #makeContexts({ cluster, endpoint }: RunningCluster, authority: Authority): Promise<void> {
    const { admin, clusterId } = cluster;
    const past = pastClock(this.#clock, 2 * DAY_MS);
    const other = await createAuthority({ clusterId: 'other', clock: this.#clock, random: this.#random });
    const made = (from: Authority, role: 'admin' | 'manager', clock: Clock) => {
      const subject = { id: role, clusterId, role } as const;
      return issue({ authority: from, subject, lifeMs: DAY_MS, addresses: ['127.0.0.1'], clock, random: this.#random });
    };
    const expiredAdmin = await made(authority, 'admin', past);
    const contexts: Record<string, Credentials & { endpoints: string[] }> = {
      test: { endpoints: [endpoint], ...admin },
      away: { endpoints: [`https://${await this.#closedPort()}`], ...admin },
      'not-tls': { endpoints: [`https://${await this.#serve('plain', createPlainServer())}`], ...admin },
      'other-cluster': {
        endpoints: [`https://${await this.#serveTls('other-cluster', await made(other, 'manager', this.#clock))}`],
        ...admin,
      },
      'expired-manager': {
        endpoints: [`https://${await this.#serveTls('expired-manager', await made(authority, 'manager', past))}`],
        ...admin,
      },
      'expired-user': { endpoints: [endpoint], ca: admin.ca, ...expiredAdmin },
    };
    await this.#serve('busy', createTcpServer());
    this.#places.set('other-token', makeJoinToken('worker', 'a'.repeat(64), this.#random));
    await mkdir(this.#places.get('config'), { recursive: true });
    const text = JSON.stringify({ version: 1, current: 'test', contexts });
    await writeFile(join(this.#places.get('config'), 'contexts.json'), text, { mode: PRIVATE });
  }

  #serveTls(name: string, { certificate, key }: { certificate: string; key: string }): Promise<string> {
    return this.#serve(name, createTlsServer({ cert: certificate, key }));
  }

  /** @returns `address:port`, which cases know by the name. */
  async #serve(name: string, server: Server): Promise<string> {
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#places.set(name, address);
    return address;
  }

  /** A port that nothing listens on any more. */
  async #closedPort(): Promise<string> {
    const server = createTcpServer();
    const address = await this.#serve('away', server);
    await new Promise((resolve) => server.close(resolve));
    return address;
  }
}

/** How often a wait looks, and what it sees in between, differs from run to run. */
const PROGRESS = /^\S+: \d+\/\d+ running.*\n/gm;

/** What people read of a daemon's line in JSON. */
function firstMatch(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[0] ?? '';
}

/** A clock that goes wrong by so much. */
function pastClock(clock: Clock, behindMs: number): Clock {
  return { now: () => clock.now() - behindMs, monotonic: () => clock.monotonic(), timer: (ms, run) => clock.timer(ms, run) };
}

function showGiven({ given, setUp, files = {}, stdin, env = {}, on, beside }: BadInput): string[] {
  const facts = [
    ...(given === undefined ? [] : [given]),
    ...(setUp ? [`after: ${setUp.join('; ')}`] : []),
    ...(on === undefined ? [] : ['in a host of the cluster']),
    ...(beside === undefined ? [] : [`while this runs: ${beside}`]),
    ...(stdin === undefined ? [] : [`standard input: ${stdin}`]),
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  ];
  return [...facts.map((fact) => `(${fact})\n`), ...Object.entries(files).map(([name, text]) => `--- ${name}\n${withNewline(text)}`)];
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

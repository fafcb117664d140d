import { execFile, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { createInterface } from 'node:readline';
import type { Sighting } from './sightings.js';

/*
 * Runs in a host and prints what it sees there, one sighting a line: containers that start and end, by the engine's own events; the tasks
 * that a virtual address is balanced over, looked up whenever the kernel tells of a change; and what the node's name server answers.
 *
 * Arguments: chain of the virtual address, address of the name server, name to ask for.
 */
const NAME_INTERVAL_MS = 10;
const NANOSECONDS_PER_MS = 1e6;
const [, , chain = '', server = '', name = ''] = process.argv;

const now = (): number => performance.timeOrigin + performance.now();
const print = (sighting: Sighting): void => void process.stdout.write(`${JSON.stringify(sighting)}\n`);
const last: Record<string, string> = {};

/** Only what is new. */
function saw(what: 'map' | 'names', at: number, addresses: string[]): void {
  const text = addresses.sort().join();
  if (last[what] === text) return;
  last[what] = text;
  print({ what, at, addresses });
}

function output(program: string, args: string[]): Promise<string> {
  return new Promise((resolve) => execFile(program, args, (_error, stdout) => resolve(stdout)));
}

async function lookAtMap(at: number): Promise<void> {
  const listed = await output('nft', ['list', 'chain', 'ip', 'tessera', chain]);
  saw('map', at, [
    ...new Set([...listed.matchAll(/ : (\d+\.\d+\.\d+\.\d+)| dnat to (\d+\.\S+)/g)].map(([, one, only]) => one ?? only ?? '')),
  ]);
}

async function watchMap(): Promise<void> {
  const monitor = spawn('nft', ['monitor'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let changedAt: number | undefined = now();
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    while (changedAt !== undefined) {
      const at = changedAt;
      changedAt = undefined;
      await lookAtMap(at);
    }
    isLooking = false;
  };
  monitor.stdout.on('data', () => {
    changedAt ??= now();
    void look();
  });
  await look();
}

async function watchNames(): Promise<void> {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([server]);
  for (;;) {
    const addresses = await resolver.resolve4(name).catch(() => []);
    saw('names', now(), addresses);
    await new Promise((resolve) => setTimeout(resolve, NAME_INTERVAL_MS));
  }
}

function watchContainers(): void {
  const filters = ['--filter', 'type=container', '--filter', 'event=start', '--filter', 'event=die'];
  const events = spawn('docker', ['events', ...filters, '--format', '{{.TimeNano}} {{.Action}} {{.Actor.ID}}'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface(events.stdout).on('line', (line) => {
    const [at, action, container = ''] = line.split(' ');
    print({ what: action === 'start' ? 'started' : 'ended', at: Number(at) / NANOSECONDS_PER_MS, container });
  });
}

watchContainers();
await watchMap();
await watchNames();

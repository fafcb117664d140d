import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { ProbeAnswer, ProbeRequest } from '@tessera/api';
import type { Clock, Log, Timer } from '@tessera/kit';
import packet from 'dns-packet';
import { Forwarder } from '../dns/forwarder.js';
import { VXLAN_PORT } from '../plan/network/links.js';
import { countsOf, noProbeTable, PROBE_TABLE, probeTable } from '../plan/network/probe-table.js';
import type { Prober } from '../ports/prober.js';
import { run } from './run.js';

type Measure = Extract<ProbeRequest, { kind: 'measure' }>;
type Measured = Extract<ProbeAnswer, { kind: 'measured' }>;

/** Datagrams sent to each peer: one may be lost. */
const DATAGRAMS = 5;
/** IPv4 and ICMP headers in front of a ping's own bytes. */
const PING_HEADERS = 28;
/** Sizes at which ways between hosts are known to end: tunnels, PPPoE, IPv6's least. All are tried at once. */
const SIZES = [9000, 1500, 1492, 1480, 1476, 1450, 1440, 1430, 1420, 1400, 1390, 1380, 1350, 1330, 1300, 1280, 1200, 1000, 576];
const CONNECT_LIMIT_MS = 2_000;
/** Peers looked at a time. */
const CONCURRENT_PEERS = 8;
const CONCURRENT_ASKS = 64;
const QUERY_ID = 0x7465;

/** {@link Prober} by ping, nft and sockets. */
export class HostProber implements Prober {
  #watch: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  async probe(request: ProbeRequest): Promise<ProbeAnswer> {
    try {
      switch (request.kind) {
        case 'watch':
          return await this.#startWatch(request.seconds);
        case 'measure':
          return await this.#measure(request);
        case 'counts':
          return await this.#counts();
      }
    } catch (error) {
      return { kind: 'failed', message: (error instanceof Error ? error.message : String(error)).slice(0, 4096) };
    }
  }

  async stop(): Promise<void> {
    if (this.#watch) await this.#endWatch();
  }

  async #startWatch(seconds: number): Promise<ProbeAnswer> {
    this.#watch?.cancel();
    await run('nft', ['-f', '-'], probeTable(VXLAN_PORT));
    this.#watch = this.clock.timer(
      seconds * 1000,
      () => void this.#endWatch().catch((error) => this.log.warn({ error }, 'a watch was not ended')),
    );
    return { kind: 'watching' };
  }

  async #endWatch(): Promise<void> {
    this.#watch?.cancel();
    this.#watch = undefined;
    await run('nft', ['-f', '-'], noProbeTable());
  }

  async #counts(): Promise<ProbeAnswer> {
    const vxlan = countsOf(await run('nft', ['-j', 'list', 'table', 'ip', PROBE_TABLE]));
    await this.#endWatch();
    return { kind: 'counts', vxlan };
  }

  async #measure({ peers, gateways, ports }: Measure): Promise<ProbeAnswer> {
    // One after the other: what starts many programs would slow the answers that are waited for, some of them this very agent's.
    const answering = await inParallel(gateways, CONCURRENT_ASKS, (gateway) => this.#tryGateway(gateway));
    const open = await inParallel(ports, CONCURRENT_ASKS, async (port) =>
      (await takesConnection(port.address, port.port)) ? port : undefined,
    );
    const measured = await inParallel(peers, CONCURRENT_PEERS, (peer) => measurePeer(peer));
    return {
      kind: 'measured',
      peers: measured,
      gateways: answering.flatMap((one) => one ?? []),
      ports: open.flatMap((one) => (one ? [one] : [])),
    };
  }

  async #tryGateway(gateway: Measure['gateways'][number]): Promise<Measured['gateways'][number] | undefined> {
    const { nodeId, networkId, address6 } = gateway;
    const [answers, byIpv6] = await Promise.all([this.#answers(gateway), address6 !== undefined && answersPing(address6)]);
    return answers ? { nodeId, networkId, ...(byIpv6 && { ipv6: true as const }) } : undefined;
  }

  /** A name server is asked for a name that it knows itself: others it would ask the host's resolvers for. */
  async #answers({ address, name }: Measure['gateways'][number]): Promise<boolean> {
    const question = packet.encode({ type: 'query', id: QUERY_ID, flags: packet.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
    return (await new Forwarder(() => [address], this.clock).ask(question, false)) !== undefined;
  }
}

const NEVER_FITS = 0;

async function measurePeer({ nodeId, address, packetBytes }: Measure['peers'][number]): Promise<Measured['peers'][number]> {
  const refusal = await sendDatagrams(address).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const fitting = await fittingSizes(address, [...new Set([...(packetBytes === undefined ? [] : [packetBytes]), ...SIZES])]);
  const pathMtu = Math.max(NEVER_FITS, ...fitting.sizes);
  return {
    nodeId,
    answersPing: fitting.answers,
    ...(pathMtu > NEVER_FITS && { pathMtu }),
    ...(refusal !== undefined && { refusal }),
  };
}

/** What comes is counted by its port alone: an empty datagram is no VXLAN packet, and is dropped behind the count. */
async function sendDatagrams(address: string): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  try {
    for (let sent = 0; sent < DATAGRAMS; sent++) {
      await new Promise<void>((resolve, reject) => {
        socket.send(Buffer.alloc(8), VXLAN_PORT, address, (error) => (error ? reject(error) : resolve()));
      });
    }
  } finally {
    socket.close();
  }
}

/** Each size at the same time, from one shell: `0` stands for a small ping that may be broken up. Prints the sizes that came back. */
const PING_ALL = `command -v ping > /dev/null || { echo "the program ping is missing on this host" >&2; exit 1; }
address=$1; shift
for bytes in "$@"; do
  if [ "$bytes" = 0 ]; then size=; else size="-M do -s $((bytes - ${PING_HEADERS}))"; fi
  (ping -n -q -c 2 -i 0.2 -W 1 $size "$address" > /dev/null 2>&1 && echo "$bytes") &
done
wait`;

/** The sizes at which a ping comes back that nobody on the way may break up, and whether any does. @throws Error without `ping` */
async function fittingSizes(address: string, sizes: readonly number[]): Promise<{ answers: boolean; sizes: number[] }> {
  const out = await run('sh', ['-c', PING_ALL, 'sh', address, '0', ...sizes.map(String)]);
  const found = out
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
  return { answers: found.length > 0, sizes: found.filter((bytes) => bytes > NEVER_FITS) };
}

function answersPing(address: string): Promise<boolean> {
  return run('ping', ['-n', '-q', '-c', '2', '-i', '0.2', '-W', '1', address]).then(
    () => true,
    () => false,
  );
}

function takesConnection(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

async function inParallel<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
}

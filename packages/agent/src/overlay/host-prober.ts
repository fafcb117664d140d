import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { ProbeAnswer, ProbeRequest } from '@tessera/api';
import type { Clock, Log, Timer } from '@tessera/kit';
import packet from 'dns-packet';
import { Forwarder } from '../dns/forwarder.js';
import { VXLAN_PORT } from '../plan/network/links.js';
import { countsOf, noProbeTable, PROBE_TABLE, probeTable } from '../plan/network/probe-table.js';
import type { Prober } from '../ports/prober.js';
import { pathMtu, pingOf } from './path-mtu.js';
import { run } from './run.js';

type Measure = Extract<ProbeRequest, { kind: 'measure' }>;
type Measured = Extract<ProbeAnswer, { kind: 'measured' }>;

/** Datagrams sent to each peer: one may be lost. */
const DATAGRAMS = 5;
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
    const [answers, byIpv6] = await Promise.all([this.#answers(gateway), address6 !== undefined && pingOf(address6)()]);
    return answers ? { nodeId, networkId, ...(byIpv6 && { ipv6: true as const }) } : undefined;
  }

  /** A name server is asked for a name that it knows itself: others it would ask the host's resolvers for. */
  async #answers({ address, name }: Measure['gateways'][number]): Promise<boolean> {
    const question = packet.encode({ type: 'query', id: QUERY_ID, flags: packet.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
    return (await new Forwarder(() => [address], this.clock).ask(question, false)) !== undefined;
  }
}

async function measurePeer({ nodeId, address, packetBytes }: Measure['peers'][number]): Promise<Measured['peers'][number]> {
  const refusal = await sendDatagrams(address).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const mtu = await pathMtu(pingOf(address), packetBytes);
  return {
    nodeId,
    answersPing: mtu !== undefined,
    ...(mtu !== undefined && mtu > 0 && { pathMtu: mtu }),
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

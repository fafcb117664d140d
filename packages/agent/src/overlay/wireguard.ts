import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { access } from 'node:fs/promises';
import { type Clock, until } from '@tessera/kit';
import { TUNNEL, TUNNEL_PORT, type Tunnel, type TunnelPeer, tunnelConfig } from '../plan/network/encryption.js';
import type { TunnelDevice, TunnelMaker } from '../ports/tunnel.js';
import { run } from './run.js';
import { hasSystemd, startUnit, stopUnit } from './systemd.js';
import type { TunnelKeys } from './tunnel-key.js';

/** Made and removed at once, to see whether the kernel can. */
const PROBE = 'tswprobe';
const UNIT = 'tessera-wireguard';
const START_LIMIT_MS = 5_000;
/** Where nobody answers (RFC 863). */
const DISCARD_PORT = 9;

interface IpAddresses {
  mtu: number;
  addr_info: { local: string; prefixlen: number }[];
}

/** {@link TunnelDevice} by the kernel's WireGuard or, where it has none, by wireguard-go; both through `wg`. */
export class WireGuard implements TunnelDevice {
  #maker: TunnelMaker | undefined;

  constructor(
    private readonly keys: TunnelKeys,
    private readonly clock: Clock,
  ) {}

  async describe(): Promise<{ publicKey: string; by: TunnelMaker } | undefined> {
    this.#maker ??= await findMaker();
    return this.#maker && { publicKey: (await this.keys.offered()).publicKey, by: this.#maker };
  }

  async apply(tunnel: Tunnel): Promise<void> {
    if (!(await exists(TUNNEL))) await this.#make();
    const strangers = await this.#configure(tunnel);
    await applyAddresses(tunnel);
    await greet(strangers);
  }

  async remove(): Promise<void> {
    if (await hasSystemd()) await stopUnit(UNIT);
    // Without its interface wireguard-go ends.
    if (await exists(TUNNEL)) await run('ip', ['link', 'delete', TUNNEL]);
  }

  async #make(): Promise<void> {
    this.#maker ??= await findMaker();
    if (this.#maker === undefined)
      throw new Error('encryption is not available on this host: its kernel has no WireGuard, and wireguard-go and wg are not installed');
    if (this.#maker === 'kernel') await run('ip', ['link', 'add', TUNNEL, 'type', 'wireguard']);
    else await startProgram();
    await until(() => exists(TUNNEL), { clock: this.clock, what: `the interface ${TUNNEL}`, limitMs: START_LIMIT_MS });
  }

  /** @returns the peers with which there is no session of these keys yet */
  async #configure(tunnel: Tunnel): Promise<readonly TunnelPeer[]> {
    const { privateKey, publicKey } = await this.keys.used(tunnel.publicKey);
    const before = await run('wg', ['show', TUNNEL, 'dump']);
    if (before !== '' && isConfigured(before, tunnel, publicKey)) return [];
    // What Node hands over as standard input is a socket, which cannot be opened by its name: cat makes a pipe of it.
    await run('sh', ['-c', `cat | wg syncconf ${TUNNEL} /dev/stdin`], tunnelConfig(tunnel, privateKey));
    const known = new Set(before.split(/\s/));
    return tunnel.peers.filter((peer) => !known.has(publicKey) || !known.has(peer.publicKey));
  }
}

/** Reads `wg show … dump`: a line of the interface, then one for each peer, fields with tabs between. */
function isConfigured(dump: string, tunnel: Tunnel, publicKey: string): boolean {
  const [own = '', ...peers] = dump.trim().split('\n');
  const [, ownKey, port] = own.split('\t');
  const held = peers.map((line) => {
    const [key = '', , endpoint = '', allowed = ''] = line.split('\t');
    return [key, endpoint, allowed.split(',').sort().join()].join(' ');
  });
  const wanted = tunnel.peers.map((peer) =>
    [
      peer.publicKey,
      `${peer.endpoint}:${TUNNEL_PORT}`,
      peer.addresses
        .map((one) => `${one}/32`)
        .sort()
        .join(),
    ].join(' '),
  );
  return ownKey === publicKey && Number(port) === TUNNEL_PORT && held.sort().join('\n') === wanted.sort().join('\n');
}

/**
 * Sends something to each peer, so that it is shaken hands with at once: after a change of keys only the side that knows of both can
 * begin, and would otherwise wait until it has something to send.
 */
async function greet(peers: readonly TunnelPeer[]): Promise<void> {
  if (peers.length === 0) return;
  const socket = createSocket('udp4');
  const addresses = peers.flatMap(({ addresses: [first = ''] }) => first);
  await Promise.all(addresses.map((address) => new Promise<void>((resolve) => socket.send('', DISCARD_PORT, address, () => resolve()))));
  socket.close();
}

async function applyAddresses(tunnel: Tunnel): Promise<void> {
  const [link] = JSON.parse(await run('ip', ['-j', '-4', 'address', 'show', 'dev', TUNNEL])) as IpAddresses[];
  const routes = JSON.parse((await run('ip', ['-j', '-4', 'route', 'show', 'dev', TUNNEL])) || '[]') as { dst: string }[];
  const held = (link?.addr_info ?? []).map(({ local }) => local);
  const peers = tunnel.peers.flatMap(({ addresses }) => addresses);
  const lines = [
    `link set ${TUNNEL} mtu ${tunnel.mtu} up`,
    ...tunnel.addresses.filter((address) => !held.includes(address)).map((address) => `address add ${address}/32 dev ${TUNNEL}`),
    ...routes.filter(({ dst }) => !peers.includes(dst)).map(({ dst }) => `route delete ${dst} dev ${TUNNEL}`),
    ...peers.map((address) => `route replace ${address} dev ${TUNNEL}`),
    // With its last address an interface loses its routes.
    ...held.filter((address) => !tunnel.addresses.includes(address)).map((address) => `address delete ${address}/32 dev ${TUNNEL}`),
  ];
  await run('ip', ['-force', '-batch', '-'], lines.join('\n').concat('\n'));
}

/** What can encrypt on this host. */
async function findMaker(): Promise<TunnelMaker | undefined> {
  if (!(await works('wg', ['--version']))) return undefined;
  if (await works('ip', ['link', 'add', PROBE, 'type', 'wireguard'])) {
    await run('ip', ['link', 'delete', PROBE]);
    return 'kernel';
  }
  const hasTun = await access('/dev/net/tun').then(
    () => true,
    () => false,
  );
  return hasTun && (await works('wireguard-go', ['--version'])) ? 'wireguard-go' : undefined;
}

/** Outside of the agent, so that the tunnel outlives it: as a unit of systemd's where there is one, else as a daemon of its own. */
async function startProgram(): Promise<void> {
  if (await hasSystemd()) return startUnit(UNIT, ['wireguard-go', '--foreground', TUNNEL]);
  await new Promise<void>((resolve, reject) => {
    const child = spawn('wireguard-go', [TUNNEL], { stdio: 'ignore', detached: true });
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}

function exists(device: string): Promise<boolean> {
  return works('ip', ['link', 'show', device]);
}

function works(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}

import { getServers } from 'node:dns';
import { join } from 'node:path';
import type { Clock, Log, Random } from '@tessera/kit';
import Docker from 'dockerode';
import { DnsServer } from '../dns/dns-server.js';
import { DockerBridges } from './docker-bridges.js';
import { IprouteKernel } from './iproute.js';
import { Ndppd } from './ndppd.js';
import { OverlayNetwork } from './overlay-network.js';
import { TunnelKeys } from './tunnel-key.js';
import { WireGuard } from './wireguard.js';

export interface HostNetworkOptions {
  clusterId: string;
  /** Address by which the other nodes reach this one. */
  address: string;
  /** Path of the engine's socket. */
  socketPath: string;
  /** The private key of the node's tunnel. */
  tunnelKeyFile: string;
  /** Folder in memory. */
  runtimeDir: string;
  clock: Clock;
  random: Random;
  log: Log;
}

/** The network of this host: its real kernel, engine and resolvers. */
export function hostNetwork({
  clusterId,
  address,
  socketPath,
  tunnelKeyFile,
  runtimeDir,
  clock,
  random,
  log,
}: HostNetworkOptions): OverlayNetwork {
  return new OverlayNetwork({
    address,
    kernel: new IprouteKernel(),
    bridges: new DockerBridges(new Docker({ socketPath }), clusterId, clock),
    tunnel: new WireGuard(new TunnelKeys(tunnelKeyFile, clock), clock),
    neighbours: new Ndppd(join(runtimeDir, 'neighbours')),
    makeDns: (lookupFor) => new DnsServer({ clock, random, log, lookupFor, upstreams: getServers }),
    clock,
    log,
  });
}

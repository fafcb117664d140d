import { getServers } from 'node:dns';
import type { Clock, Log, Random } from '@tessera/kit';
import Docker from 'dockerode';
import { DnsServer } from '../dns/dns-server.js';
import { DockerBridges } from './docker-bridges.js';
import { IprouteKernel } from './iproute.js';
import { OverlayNetwork } from './overlay-network.js';

export interface HostNetworkOptions {
  clusterId: string;
  /** Address by which the other nodes reach this one. */
  address: string;
  /** Path of the engine's socket. */
  socketPath: string;
  clock: Clock;
  random: Random;
  log: Log;
}

/** The network of this host: its real kernel, engine and resolvers. */
export function hostNetwork({ clusterId, address, socketPath, clock, random, log }: HostNetworkOptions): OverlayNetwork {
  return new OverlayNetwork({
    address,
    kernel: new IprouteKernel(),
    bridges: new DockerBridges(new Docker({ socketPath }), clusterId, clock),
    makeDns: (lookupFor) => new DnsServer({ clock, random, log, lookupFor, upstreams: getServers }),
    clock,
    log,
  });
}

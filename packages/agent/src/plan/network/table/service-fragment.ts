import type { Endpoint, NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import type { Family } from '../family.js';
import { assignBuckets, BUCKETS } from './buckets.js';
import type { ClientMap, Element, Fragment } from './fragment.js';

/** The same on every node, so that a client is sent to the same task wherever it comes in. */
const HASH_SEED = '0x7e55e7a';
/** Clients that a node keeps in mind for one service; beyond it new ones go by their hash alone. */
const MAX_CLIENTS = 65_535;
const MS_PER_SECOND = 1_000;

type IngressPort = ServiceEndpoints['ingress'][number];

/** What the table knows of one service on one network: where its virtual address and its published ports lead. */
export function serviceFragment(service: ServiceEndpoints, network: NetworkAssignment, family: Family): Fragment {
  const { block } = family.addressing(network);
  const addresses = balancedOver(service.endpoints, family);
  const choice = new Choice(service, addresses, family);
  const chains: Record<string, readonly string[]> = { ...choice.recorder() };
  const elements: Record<string, Element[]> = {
    hairpin: addresses.filter((address) => family.isIn(block, address)).map((address) => `${address} . ${address}`),
    recorders: choice.isKept ? addresses.map((address) => `${address} : goto ${choice.recorderName}`) : [],
  };
  const vip = family.vipOf(service);
  if (vip !== undefined && addresses.length > 0) {
    const name = chainName('vip', vip);
    chains[name] = choice.rules('', undefined);
    elements.vips = [`${vip} : goto ${name}`];
  }
  for (const port of service.ingress) {
    if (port.hostIp !== undefined && !family.has(port.hostIp)) continue;
    const key = `${port.protocol} . ${port.published}`;
    if (addresses.length === 0) (elements[port.hostIp ? 'hostclosed' : 'closed'] ??= []).push(hostKey(port, key));
    else {
      const name = portChainName(port);
      chains[name] = choice.rules(`meta l4proto ${port.protocol} `, port.target);
      (elements[port.hostIp ? 'hostports' : 'ports'] ??= []).push(`${hostKey(port, key)} : goto ${name}`);
    }
  }
  return { elements, chains, clientMaps: choice.clientMaps() };
}

/** Tasks that are not ready take traffic only when no other does: a cluster that has just begun to form. */
function balancedOver(endpoints: readonly Endpoint[], family: Family): string[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready !== false);
  return (ready.length > 0 ? ready : endpoints).flatMap((endpoint) => family.addressOf(endpoint) ?? []).sort();
}

function hostKey({ hostIp }: IngressPort, key: string): string {
  return hostIp === undefined ? key : `${hostIp} . ${key}`;
}

function portChainName({ protocol, published, hostIp }: IngressPort): string {
  return chainName(`port-${protocol}-${published}`, hostIp);
}

/** nft's names have no colons. */
function chainName(kind: string, address: string | undefined): string {
  return address === undefined ? kind : `${kind}-${address.replaceAll(':', '_')}`;
}

/** How a service's connections are given to its tasks. */
class Choice {
  readonly recorderName: string;
  readonly #mapName: string;

  constructor(
    private readonly service: ServiceEndpoints,
    private readonly addresses: readonly string[],
    private readonly family: Family,
  ) {
    this.recorderName = `record-${service.id}`;
    this.#mapName = `clients-${service.id}`;
  }

  get #ip(): string {
    return this.family.name;
  }

  /** Clients are kept in mind for a time. */
  get isKept(): boolean {
    return this.service.sticky?.keepMs !== undefined && this.addresses.length > 0;
  }

  /** @param match what the rules begin with @param port of the tasks; absent: that of the packet stays */
  rules(match: string, port: number | undefined): string[] {
    const kept = this.isKept
      ? [`${match}dnat ${this.#ip} to ${this.#ip} saddr map @${this.#mapName}${port === undefined ? '' : ` : ${port}`}`]
      : [];
    const chosen = `${match}dnat ${this.#ip} to ${this.#target(port)} comment "${this.service.serviceName}"`;
    return [...kept, chosen, ...this.#fallback(match, port)];
  }

  /**
   * A packet that is under way while the rules are replaced finds the former ones, but the map in them empty (the kernel looks elements up
   * by the generation of the moment). It must not go on to the node itself, which would refuse it.
   */
  #fallback(match: string, port: number | undefined): string[] {
    if (this.addresses.length < 2) return [];
    return [`${match}dnat ${this.#ip} to ${this.#first(port)} comment "while the map is replaced"`];
  }

  /** Notes on a connection's first packet, once its task is chosen, which client went there. */
  recorder(): Record<string, readonly string[]> {
    if (!this.isKept) return {};
    const seconds = Math.max(1, Math.round((this.service.sticky?.keepMs ?? 0) / MS_PER_SECOND));
    return { [this.recorderName]: [`update @${this.#mapName} { ${this.#ip} saddr timeout ${seconds}s : ${this.#ip} daddr }`] };
  }

  clientMaps(): Record<string, ClientMap> {
    if (this.service.sticky?.keepMs === undefined) return {};
    const declaration = `type ${this.family.addressType} : ${this.family.addressType}; flags dynamic,timeout; size ${MAX_CLIENTS};`;
    return { [this.#mapName]: { declaration, leadsTo: this.addresses } };
  }

  #target(port: number | undefined): string {
    if (this.addresses.length === 1) return this.#first(port);
    const value = (address: string): string => (port === undefined ? address : `${address} . ${port}`);
    if (!this.service.sticky)
      return `numgen random mod ${this.addresses.length} map { ${this.addresses.map((address, at) => `${at} : ${value(address)}`).join(', ')} }`;
    const ranges = assignBuckets(this.addresses).map(
      ({ first, last, address }) => `${first === last ? first : `${first}-${last}`} : ${value(address)}`,
    );
    return `jhash ${this.#ip} saddr mod ${BUCKETS} seed ${HASH_SEED} map { ${ranges.join(', ')} }`;
  }
  #first(port: number | undefined): string {
    const first = this.addresses[0] as string;
    return port === undefined ? first : this.family.withPort(first, port);
  }
}

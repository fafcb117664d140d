import type { NetworkAssignment } from '@tessera/api';
import type { ServiceChange } from '../../model/service-change.js';
import { Tally } from '../../model/tally.js';
import { IPV6 } from './family.js';
import type { LinkStep } from './links.js';
import { bridgeName, markOf, nextHop6Of, nextHopOf, vxlanName } from './names.js';

/**
 * Priority of the agent's routing rules: after the kernel's own table of local addresses, before the main one. All rules of this
 * priority are the agent's.
 */
export const RETURN_PRIORITY = 20_542;

/**
 * How answers find back to a client outside of the overlay that came in through another node: they leave through the node that the
 * connection came from, which has translated its address. Mark and routing table have the number of the peer's block, which no other
 * block of the cluster has.
 */
export interface ReturnWay {
  tool: 'ip' | 'ip6';
  bridge: string;
  mark: number;
}

interface ReturnRoute extends ReturnWay {
  vxlan: string;
  nextHop: string;
}

/** The networks that published ports lead into. */
export class PublishedNetworks {
  readonly #services = new Tally<string>();

  get ids(): Set<string> {
    return new Set(this.#services.keys());
  }

  change(changes: readonly ServiceChange[]): void {
    for (const { before, after } of changes) {
      if (before && before.ingress.length > 0) this.#services.remove(before.networkId);
      if (after && after.ingress.length > 0) this.#services.add(after.networkId);
    }
  }
}

/**
 * Steps from the rules that are to the ways back that should be: a rule for each node that clients may come in through. Routes are
 * put anew each time, since they vanish with their device; that costs one call for all.
 */
export function planReturns(
  networks: readonly NetworkAssignment[],
  published: ReadonlySet<string>,
  rules: readonly ReturnWay[],
): LinkStep[] {
  const ways = networks.filter((network) => published.has(network.id)).flatMap(waysOf);
  const key = ({ tool, bridge, mark }: ReturnWay): string => `${tool} ${bridge} ${mark}`;
  const wanted = new Set(ways.map(key));
  const present = new Set(rules.map(key));
  return [
    ...rules.filter((rule) => !wanted.has(key(rule))).map((rule) => ({ tool: rule.tool, line: `rule delete ${ruleLine(rule)}` })),
    ...ways.map(({ tool, vxlan, nextHop, mark }) => ({
      tool,
      line: `route replace default via ${nextHop} dev ${vxlan} onlink table ${mark}`,
    })),
    ...ways.filter((way) => !present.has(key(way))).map((way) => ({ tool: way.tool, line: `rule add ${ruleLine(way)}` })),
  ];
}

function waysOf(network: NetworkAssignment): ReturnRoute[] {
  const [bridge, vxlan] = [bridgeName(network.vni), vxlanName(network.vni)];
  const waysBy = (tool: ReturnWay['tool'], nextHop: (block: string) => string): ReturnRoute[] =>
    network.peers.map(({ block }) => ({ tool, bridge, vxlan, mark: markOf(block), nextHop: nextHop(block) }));
  return [...waysBy('ip', nextHopOf), ...(IPV6.carries(network) ? waysBy('ip6', nextHop6Of) : [])];
}

/** By bridge as well as by mark: the outer packet of the VXLAN carries the mark on, and must not be sent into its own tunnel. */
function ruleLine({ bridge, mark }: ReturnWay): string {
  return `priority ${RETURN_PRIORITY} iif ${bridge} fwmark ${mark} lookup ${mark}`;
}

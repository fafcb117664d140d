import { type Network, overheadOf, wantedMtu } from '@tessera/api';
import type { ClusterView } from '../model/view.js';

/** How large packets between containers of a network may be. */
export interface NetworkMtu {
  /** In bytes. */
  mtu: number;
  /** Id of the node whose underlay sets it; absent when the network's own option does. */
  limitedBy?: string;
}

/** The least that the underlays of all members carry, or less when the network asks for it; `undefined` when no member has told its own. */
export function networkMtu(view: ClusterView, network: Network): NetworkMtu | undefined {
  const wanted = wantedMtu(network.spec.driverOptions);
  let least: NetworkMtu | undefined = wanted === undefined ? undefined : { mtu: wanted };
  for (const { nodeId } of view.blocksOfNetwork(network.id)) {
    const underlay = view.get('nodes', nodeId)?.description?.underlayMtu;
    const mtu = underlay === undefined ? undefined : underlay - overheadOf(network.spec.driverOptions);
    if (mtu !== undefined && mtu < (least?.mtu ?? Number.POSITIVE_INFINITY)) least = { mtu, limitedBy: nodeId };
  }
  return least;
}

import { ApiError, type NetworkSpec } from '@tessera/api';
import { type Ipv4Range, parseRange, rangesOverlap } from '@tessera/api/net/ipv4';
import { ipv6RangesOverlap, parseIpv6Range } from '@tessera/api/net/ipv6';
import { subnet6Problem } from '@tessera/api/net/subnet6';
import { chosenPrefix } from '../model/subnet.js';
import type { ClusterView } from '../model/view.js';

/**
 * Checks the subnets that a network asks for, where they are other ones than before.
 * @throws ApiError `in-use` when one overlaps with one of another stack's; `invalid-spec` when one is none.
 */
export function checkSubnets(view: ClusterView, spec: NetworkSpec, before: NetworkSpec | undefined): void {
  if (before?.subnet !== spec.subnet) checkSubnet(view, spec);
  if (before?.subnet !== spec.subnet || before?.subnet6 !== spec.subnet6 || before?.ipv6 !== spec.ipv6) checkSubnet6(view, spec);
}

function checkSubnet(view: ClusterView, spec: NetworkSpec): void {
  if (spec.subnet === undefined) return;
  const range = parseRange(spec.subnet);
  if (range === undefined)
    throw new ApiError('invalid-spec', `network '${spec.name}': '${spec.subnet}' is no IPv4 subnet`, { cure: 'write it as 10.1.2.0/24' });
  refuseOverlap(view, spec, spec.subnet, (other) => {
    const taken = parseRange(other.subnet ?? '');
    return taken !== undefined && rangesOverlap(range, taken);
  });
}

function checkSubnet6(view: ClusterView, spec: NetworkSpec): void {
  const { name, ipv6, subnet6 } = spec;
  if (subnet6 === undefined) return;
  if (!ipv6) throw new ApiError('invalid-spec', `network '${name}' has an IPv6 subnet and no IPv6`, { cure: 'ask for IPv6 as well' });
  const wrong = subnet6Problem(subnet6, ipv4RangeOf(view, spec));
  if (wrong) throw new ApiError('invalid-spec', `network '${name}': ${wrong.problem}`, { cure: wrong.cure });
  const range = parseIpv6Range(subnet6);
  refuseOverlap(view, spec, subnet6, (other) => {
    const taken = parseIpv6Range(other.subnet6 ?? '');
    return range !== undefined && taken !== undefined && ipv6RangesOverlap(range, taken);
  });
}

/** Networks of the same stack are left out: this very deploy may take them away. */
function refuseOverlap(
  view: ClusterView,
  { name, stack }: NetworkSpec,
  subnet: string,
  overlaps: (other: Pick<NetworkSpec, 'subnet' | 'subnet6'>) => boolean,
): void {
  for (const { spec, allocation } of view.all('networks')) {
    const isOwn = spec.name === name || (stack !== undefined && spec.stack === stack);
    if (isOwn || !overlaps(allocation ?? spec)) continue;
    throw new ApiError('in-use', `the subnet ${subnet} of network '${name}' overlaps with that of network '${spec.name}'`, {
      cure: 'choose another subnet, or give none to have one chosen',
    });
  }
}

/** The IPv4 subnet, or one like that to be cut from the pool. */
function ipv4RangeOf(view: ClusterView, { subnet }: NetworkSpec): Ipv4Range | undefined {
  if (subnet !== undefined) return parseRange(subnet);
  const pool = parseRange(view.get('clusters', 'cluster')?.addressPool ?? '');
  return pool && { base: pool.base, prefix: chosenPrefix(pool, view.count('nodes')) };
}

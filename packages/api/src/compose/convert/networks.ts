import type { Static } from 'typebox';
import { parseRange } from '../../net/ipv4.js';
import { optionProblems } from '../../net/network-options.js';
import { subnet6Problem } from '../../net/subnet6.js';
import type { NetworkAttachment, NetworkSpec } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { type ConvertContext, compact, filled } from './context.js';
import { linkKey } from './link-names.js';
import type { ComposeNetwork, ComposeService } from './model.js';
import { DEFAULT_NETWORK, networkKeys } from './network-keys.js';

type Attachment = Static<typeof NetworkAttachment>;

const DRIVERS: readonly string[] = ['overlay', 'bridge', 'host', 'none'];

/** The networks that the stack owns and its services join. */
export function convertNetworks(context: ConvertContext): NetworkSpec[] {
  const used = usedNetworks(context);
  const declared = context.model.networks ?? {};
  for (const key of Object.keys(declared)) {
    if (!used.has(key) && key !== DEFAULT_NETWORK)
      context.warn(['networks', key], 'no service joins this network: it is not made', undefined, 'unused');
  }
  return [...used].flatMap((key) => {
    const network = Object.hasOwn(declared, key) ? (declared[key] ?? {}) : {};
    return network.external ? [] : [convertNetwork(key, network, context)];
  });
}

/** Keys of the networks that services join, the default one among them if a service names none. */
function usedNetworks(context: ConvertContext): Set<string> {
  const declared = context.model.networks ?? {};
  const keys = Object.values(context.model.services ?? {}).flatMap(networkKeys);
  return new Set(keys.filter((key) => key === DEFAULT_NETWORK || Object.hasOwn(declared, key)));
}

function convertNetwork(key: string, network: ComposeNetwork, context: ConvertContext): NetworkSpec {
  const path = ['networks', key];
  const name = context.fullName(key, network);
  context.checkName('network', name, path);
  const driverOptions = filled(network.driver_opts);
  const ipv6 = network.enable_ipv6 ?? false;
  for (const { option, problem } of optionProblems(driverOptions, ipv6)) context.error([...path, 'driver_opts', option], problem);
  return compact({
    name,
    stack: context.stack,
    labels: filled(network.labels),
    driver: convertDriver(network.driver ?? 'overlay', path, context),
    driverOptions,
    internal: network.internal ?? false,
    attachable: network.attachable ?? false,
    ipv6,
    ...convertSubnets(network, path, context),
  });
}

function convertDriver(driver: string, path: Path, context: ConvertContext): NetworkSpec['driver'] {
  if (DRIVERS.includes(driver)) return driver as NetworkSpec['driver'];
  context.error([...path, 'driver'], `"${driver}" is not one of ${DRIVERS.join(', ')}`);
  return 'overlay';
}

function convertSubnets(network: ComposeNetwork, path: Path, context: ConvertContext): Pick<NetworkSpec, 'subnet' | 'subnet6'> {
  if (network.ipam?.driver !== undefined && network.ipam.driver !== 'default')
    context.error([...path, 'ipam', 'driver'], `"${network.ipam.driver}" is not 'default', the only one`);
  if (network.enable_ipv4 === false)
    context.error([...path, 'enable_ipv4'], 'a network without IPv4 cannot be made', 'leave enable_ipv4 out: it may have IPv6 besides');
  const written = (network.ipam?.config ?? []).flatMap(({ subnet }, index) =>
    subnet === undefined ? [] : [{ subnet, path: [...path, 'ipam', 'config', index, 'subnet'] }],
  );
  const [ipv6, ipv4] = [written.filter(({ subnet }) => subnet.includes(':')), written.filter(({ subnet }) => !subnet.includes(':'))];
  for (const { subnet, path: place } of ipv4)
    if (!parseRange(subnet)) context.error(place, `"${subnet}" is not an IPv4 subnet`, 'write it as address/prefix, such as 10.20.0.0/16');
  for (const { subnet, path: place } of ipv6) checkSubnet6(subnet, ipv4[0]?.subnet, network, place, context);
  for (const [family, { length }] of [
    ['IPv4', ipv4],
    ['IPv6', ipv6],
  ] as const)
    if (length > 1) context.error([...path, 'ipam', 'config'], `a network has one ${family} subnet, not several`);
  return { subnet: ipv4[0]?.subnet, subnet6: ipv6[0]?.subnet };
}

function checkSubnet6(subnet: string, ipv4: string | undefined, network: ComposeNetwork, path: Path, context: ConvertContext): void {
  if (network.enable_ipv6 !== true)
    context.error(path, 'an IPv6 subnet for a network without IPv6', 'write enable_ipv6: true, or leave the subnet out');
  const wrong = subnet6Problem(subnet, parseRange(ipv4 ?? ''));
  if (wrong) context.error(path, wrong.problem, wrong.cure);
}

/** What a service joins, under its own short name, its aliases, and the names that links of others give it. */
export function convertAttachments(key: string, service: ComposeService, context: ConvertContext): Attachment[] {
  return networkKeys(service).flatMap((network) => {
    const path = ['services', key, 'networks', network];
    if (network !== DEFAULT_NETWORK && !context.requireDeclared('networks', network, path)) return [];
    const declared = context.model.networks?.[network];
    const name = context.fullName(network, declared);
    if (declared?.external && (name === 'host' || name === 'none')) return [];
    const written = service.networks?.[network]?.aliases ?? [];
    const linked = context.linkNames.get(linkKey(key, network)) ?? [];
    return [{ network: name, aliases: [...new Set([key, ...written, ...linked])] }];
  });
}

import { formatRange, parseRange, rangesOverlap } from '../../net/ipv4.js';
import { formatIpv6Range, ipv6RangesOverlap, parseIpv6Range } from '../../net/ipv6.js';
import type { ConvertContext } from './context.js';
import type { ComposePort } from './model.js';
import { samePort } from './same-port.js';

/** What can only be seen when all services are known. */
export function checkStack(context: ConvertContext): void {
  checkIngressPorts(context);
  checkSubnets(context);
  checkUnusedVolumes(context);
  checkDependencyCycles(context);
}

/** A port of the ingress belongs to one service of the cluster. */
function checkIngressPorts(context: ConvertContext): void {
  const owners: { service: string; port: ComposePort; line: string }[] = [];
  for (const [service, { ports = [] }] of Object.entries(context.model.services ?? {})) {
    ports.forEach((port, index) => {
      if (port.mode !== 'ingress' || port.published === undefined) return;
      const path = ['services', service, 'ports', index];
      const owner = owners.find((other) => other.service !== service && samePort(other.port, port));
      if (owner === undefined) owners.push({ service, port, line: context.lineOf(path) });
      else {
        context.error(
          path,
          `the port ${port.published}/${port.protocol} is published by the service '${owner.service}' already (${owner.line})`,
          'publish one of them on another port',
          'duplicate-port',
        );
      }
    });
  }
}

/** Two networks of one stack cannot give out the same addresses. */
function checkSubnets(context: ConvertContext): void {
  checkOverlaps(context, parseRange, rangesOverlap, formatRange);
  checkOverlaps(context, parseIpv6Range, ipv6RangesOverlap, formatIpv6Range);
}

function checkOverlaps<Range>(
  context: ConvertContext,
  parse: (text: string) => Range | undefined,
  overlap: (a: Range, b: Range) => boolean,
  format: (range: Range) => string,
): void {
  const ranges: { key: string; range: Range }[] = [];
  for (const [key, network] of Object.entries(context.model.networks ?? {})) {
    for (const [index, { subnet = '' }] of (network.ipam?.config ?? []).entries()) {
      const range = network.external ? undefined : parse(subnet);
      if (range === undefined) continue;
      const path = ['networks', key, 'ipam', 'config', index, 'subnet'];
      const other = ranges.find((earlier) => earlier.key !== key && overlap(earlier.range, range));
      if (other !== undefined) {
        const place = context.lineOf(['networks', other.key]);
        context.error(path, `${subnet} overlaps with ${format(other.range)} of the network '${other.key}' (${place})`);
      }
      ranges.push({ key, range });
    }
  }
}

function checkUnusedVolumes(context: ConvertContext): void {
  const mounts = Object.values(context.model.services ?? {}).flatMap((service) => service.volumes ?? []);
  const used = new Set(mounts.map((mount) => mount.source));
  for (const key of Object.keys(context.model.volumes ?? {})) {
    if (!used.has(key)) context.warn(['volumes', key], 'no service mounts this volume: it is not made', undefined, 'unused');
  }
}

function checkDependencyCycles(context: ConvertContext): void {
  const services = context.model.services ?? {};
  const done = new Set<string>();
  const visit = (service: string, chain: readonly string[]): void => {
    if (done.has(service)) return;
    if (chain.includes(service)) {
      const circle = [...chain.slice(chain.indexOf(service)), service];
      context.error(
        ['services', chain.at(-1) ?? service, 'depends_on', service],
        `services wait for each other in a circle: ${circle.join(' -> ')}`,
        'take one dependency out',
        'dependency-cycle',
      );
      return;
    }
    for (const target of Object.keys(services[service]?.depends_on ?? {}))
      if (Object.hasOwn(services, target)) visit(target, [...chain, service]);
    done.add(service);
  };
  for (const service of Object.keys(services)) visit(service, []);
}

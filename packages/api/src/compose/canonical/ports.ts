import { hostAddress, isIpAddress } from '../../net/host-address.js';
import type { Path } from '../diagnostic.js';
import { type ComposeNode, listNode, type MapNode, mapNode, scalarNode, withEntry } from '../yaml/node.js';
import { textOf } from './collections.js';
import { type CanonicalContext, type Canonicalizer, reject } from './context.js';

/** Most ports that one range may open. */
const MAX_RANGE = 1024;
const PROTOCOLS = ['tcp', 'udp', 'sctp'];

/** A port as its author wrote it, before ranges are opened. */
interface PortText {
  hostIp: string;
  published: string;
  target: string;
  protocol: string;
}

/** Short and long ports as a list of one map a port: `{target, published?, protocol, mode, host_ip?, name?}`, ranges opened. */
export const canonicalPorts: Canonicalizer = (node, path, context) => {
  if (node.kind !== 'list') return node;
  const ports = node.items.flatMap((item, index) => openPort(item, [...path, index], context));
  return listNode(ports, node.at, node.tag);
};

function openPort(item: ComposeNode, path: Path, context: CanonicalContext): MapNode[] {
  const shown = item.kind === 'map' ? '' : `"${textOf(item)}": `;
  const fail = (message: string, cure?: string) => {
    reject(context, item.at, path, `${shown}${message}`, cure);
    return [];
  };
  const text = item.kind === 'map' ? longPort(item) : shortPort(textOf(item));
  if (!PROTOCOLS.includes(text.protocol)) return fail(`protocol '${text.protocol}' is not one of tcp, udp, sctp`);
  const targets = openRange(text.target);
  const published = text.published === '' ? [] : openRange(text.published);
  if (text.hostIp !== '' && !isIpAddress(text.hostIp)) return fail(`'${text.hostIp}' is not an IP address`);
  if (typeof targets === 'string') return fail(targets, 'write [[host_ip:]published:]target[/protocol]');
  if (typeof published === 'string') return fail(published, 'write [[host_ip:]published:]target[/protocol]');
  if (published.length > 0 && published.length !== targets.length) {
    return fail(`publishes ${count(published)} for ${count(targets)} of the container`, 'give both ranges the same length');
  }
  const base = item.kind === 'map' ? item : mapNode({}, item.at);
  return targets.map((target, index) => portNode(base, text, target, published[index]));
}

function count(ports: readonly number[]): string {
  return ports.length === 1 ? '1 port' : `${ports.length} ports`;
}

function portNode(base: MapNode, text: PortText, target: number, published: number | undefined): MapNode {
  const scalar = (value: string | number) => scalarNode(value, base.at);
  let port = withEntry(base, 'target', scalar(target));
  port = withEntry(port, 'published', published === undefined ? undefined : scalar(published));
  port = withEntry(port, 'protocol', scalar(text.protocol));
  const address = hostAddress(text.hostIp);
  port = withEntry(port, 'host_ip', address === undefined ? undefined : scalar(address));
  return base.entries.has('mode') ? port : withEntry(port, 'mode', scalar('ingress'));
}

function longPort(item: MapNode): PortText {
  const get = (key: string) => textOf(item.entries.get(key)?.value);
  return {
    hostIp: get('host_ip'),
    published: get('published') === '0' ? '' : get('published'),
    target: get('target'),
    protocol: get('protocol').toLowerCase() || 'tcp',
  };
}

/** `[[host_ip:]published:]target[/protocol]`; an IPv6 host is in brackets. */
function shortPort(text: string): PortText {
  const [ports = '', protocol = 'tcp'] = text.split('/', 2);
  const bracket = /^\[([^\]]*)\]:?(.*)$/.exec(ports);
  const parts = (bracket?.[2] ?? ports).split(':');
  const target = parts.pop() ?? '';
  const published = parts.pop() ?? '';
  return { hostIp: bracket?.[1] ?? parts.join(':'), published, target, protocol: protocol.toLowerCase() };
}

/** The ports of `80` or `8000-8010`, or what is wrong with it. */
function openRange(text: string): number[] | string {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) return text === '' ? 'the port of the container is missing' : `'${text}' is not a port or a range of ports`;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  for (const port of [first, last]) if (port < 1 || port > 65_535) return `port ${port} is out of range (1-65535)`;
  if (last < first) return `the range ${text} ends before it starts`;
  if (last - first >= MAX_RANGE) return `the range ${text} opens ${last - first + 1} ports; ${MAX_RANGE} is the most`;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

import { IPV6 } from '../plan/network/family.js';
import { run } from './run.js';

/** Connections that are there, or will be in a moment: the task has answered their first packet. */
const OPEN_STATES = / (ESTABLISHED|SYN_RECV) /;
/** What would be sent to its task for ever: datagrams, and the first packet of a connection, sent again because nobody answers it. */
const FORGETTABLE = [
  ['-p', 'udp'],
  ['-p', 'tcp', '--state', 'SYN_SENT'],
];
/** In a line of conntrack's list: who answers, behind who asked. */
const REPLY_SOURCE = /\bsrc=.*\bsrc=(\S+)/g;

/** TCP connections that one of these addresses has answered and that are not closing. */
export async function connections(addresses: readonly string[]): Promise<number> {
  const lists = await Promise.all(addresses.map((address) => conntrack('-L', ...familyOf(address), '-p', 'tcp', '--reply-src', address)));
  return new Set(lists.flatMap((list) => list.split('\n').filter((line) => OPEN_STATES.test(line)))).size;
}

/** Forgets flows of datagrams, and connections not answered yet, that were balanced to these addresses. */
export async function forgetFlows(addresses: readonly string[]): Promise<void> {
  const families = new Map(addresses.map((address) => [familyOf(address).join(), familyOf(address)]));
  const kinds = [...families.values()].flatMap((family) => FORGETTABLE.map((kind) => [...family, ...kind]));
  await Promise.all(kinds.map((kind) => forget(kind, new Set(addresses))));
}

/** One look for all addresses: most have no flow. */
async function forget(kind: readonly string[], addresses: ReadonlySet<string>): Promise<void> {
  const list = await conntrack('-L', ...kind, '--dst-nat');
  const known = new Set([...list.matchAll(REPLY_SOURCE)].map(([, address = '']) => address));
  for (const address of known) if (addresses.has(address)) await conntrack('-D', ...kind, '--dst-nat', '--reply-src', address);
}

/** Without it, IPv4 alone is looked at. */
function familyOf(address: string): readonly string[] {
  return IPV6.has(address) ? ['-f', 'ipv6'] : [];
}

/** Ends with 1 when it found nothing, which is no error. */
function conntrack(...args: string[]): Promise<string> {
  return run('conntrack', args).catch((error: Error) => {
    if (/\b0 flow entries/.test(error.message)) return '';
    throw error;
  });
}

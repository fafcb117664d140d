import { type Family, IPV4, IPV6 } from '../plan/network/family.js';
import type { IsGone } from './backends.js';
import { run } from './run.js';

/** Connections that are there, or will be in a moment: the task has answered their first packet. */
const OPEN_STATES = / (ESTABLISHED|SYN_RECV) /;
/** What would be sent to its task for ever: datagrams, and the first packet of a connection, sent again because nobody answers it. */
const FORGETTABLE = [
  ['-p', 'udp', '--dst-nat'],
  ['-p', 'tcp', '--state', 'SYN_SENT', '--dst-nat'],
];
/** In a line of conntrack's list: who answers, behind who asked. */
const REPLY_SOURCE = /\bsrc=.*\bsrc=(\S+)/g;

/** TCP connections that one of these addresses has answered and that are not closing. */
export async function connections(addresses: readonly string[]): Promise<number> {
  const familyOf = (address: string): Family => (IPV6.has(address) ? IPV6 : IPV4);
  const lists = await Promise.all(
    addresses.map((address) => conntrack('-L', ...optionsOf(familyOf(address)), '-p', 'tcp', '--reply-src', address)),
  );
  return new Set(lists.flatMap((list) => list.split('\n').filter((line) => OPEN_STATES.test(line)))).size;
}

/** Forgets flows of datagrams, and connections not answered yet, that were balanced to such addresses: their next packet is balanced anew. */
export async function forgetFlows(families: readonly Family[], isGone: IsGone): Promise<void> {
  await Promise.all(families.flatMap((family) => FORGETTABLE.map((kind) => forget(family, kind, isGone))));
}

/** One look for all addresses: most have no flow. */
async function forget(family: Family, kind: readonly string[], isGone: IsGone): Promise<void> {
  const listed = await conntrack('-L', ...optionsOf(family), ...kind);
  const known = new Set([...listed.matchAll(REPLY_SOURCE)].map(([, address = '']) => address));
  for (const address of known) if (isGone(address)) await conntrack('-D', ...optionsOf(family), ...kind, '--reply-src', address);
}

function optionsOf({ name }: Family): readonly string[] {
  return ['-f', name === 'ip6' ? 'ipv6' : 'ipv4'];
}

/** Ends with 1 when it found nothing, which is no error. */
function conntrack(...args: string[]): Promise<string> {
  return run('conntrack', args).catch((error: Error) => {
    if (/\b0 flow entries/.test(error.message)) return '';
    throw error;
  });
}

import { type Family, IPV4, IPV6 } from '../plan/network/family.js';
import { type BalancedFlow, balancedFlows, movingScript } from '../plan/network/moved-flows.js';
import { run } from './run.js';

/** Connections that are there, or will be in a moment: the task has answered their first packet. */
const OPEN_STATES = / (ESTABLISHED|SYN_RECV) /;
const DATAGRAMS = ['-p', 'udp', '--dst-nat'];
/** Connections whose first packet is sent again to the same task because nobody answers it. */
const UNANSWERED = ['-p', 'tcp', '--state', 'SYN_SENT', '--dst-nat'];
/** In a line of conntrack's list: who answers, behind who asked. */
const REPLY_SOURCE = /\bsrc=.*\bsrc=(\S+)/g;

type IsGone = (address: string) => boolean;

/** TCP connections that one of these addresses has answered and that are not closing. */
export async function connections(addresses: readonly string[]): Promise<number> {
  const familyOf = (address: string): Family => (IPV6.has(address) ? IPV6 : IPV4);
  const lists = await Promise.all(
    addresses.map((address) => conntrack('-L', ...optionsOf(familyOf(address)), '-p', 'tcp', '--reply-src', address)),
  );
  return new Set(lists.flatMap((list) => list.split('\n').filter((line) => OPEN_STATES.test(line)))).size;
}

/** Has the next packet of flows of datagrams, and of connections not answered yet, balanced anew that go to such addresses. */
export async function moveFlows(families: readonly Family[], isGone: IsGone): Promise<void> {
  await Promise.all(families.flatMap((family) => [moveDatagrams(family, isGone), moveUnanswered(family, isGone)]));
}

async function moveDatagrams(family: Family, isGone: IsGone): Promise<void> {
  const listed = await conntrack('-L', ...optionsOf(family), ...DATAGRAMS);
  const flows = balancedFlows(listed).filter(({ task }) => isGone(task));
  if (flows.length > 0) await run('nft', ['-f', '-'], movingScript(family, flows)).catch(() => forgetAll(family, flows));
}

/** More flows than are kept: they move all the same, though without the answers that are under way. */
async function forgetAll(family: Family, flows: readonly BalancedFlow[]): Promise<void> {
  for (const task of new Set(flows.map((flow) => flow.task))) await forget(family, DATAGRAMS, task);
}

/** One look for all addresses: most have none. */
async function moveUnanswered(family: Family, isGone: IsGone): Promise<void> {
  const listed = await conntrack('-L', ...optionsOf(family), ...UNANSWERED);
  const known = new Set([...listed.matchAll(REPLY_SOURCE)].map(([, address = '']) => address));
  for (const address of known) if (isGone(address)) await forget(family, UNANSWERED, address);
}

async function forget(family: Family, kind: readonly string[], address: string): Promise<void> {
  await conntrack('-D', ...optionsOf(family), ...kind, '--reply-src', address);
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

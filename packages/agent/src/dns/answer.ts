import { isIPv6 } from 'node:net';
import type { Random } from '@tessera/kit';
import packet, { type Answer, type DecodedPacket, type Question } from 'dns-packet';
import type { ZoneAnswer } from '../plan/network/zone.js';

/** Answers are good for a second: tasks come and go. */
const TTL_SECONDS = 1;
const NXDOMAIN = 3;
const SERVFAIL = 2;
/** Largest answer over UDP without EDNS (RFC 1035 4.2.1). */
const MAX_UDP_BYTES = 512;

type AddressType = 'A' | 'AAAA';

/** What the zone holds for a name; `undefined`: it is not ours. */
export type Lookup = (name: string) => ZoneAnswer | undefined;

/** The one question of a query, or `undefined` when the message is no query that we answer. */
export function questionOf(query: DecodedPacket): Question | undefined {
  const isStandard = (((query.flags ?? 0) >> 11) & 0b1111) === 0;
  return query.type === 'query' && isStandard && query.questions?.length === 1 ? query.questions[0] : undefined;
}

/** The answer to a question about one of our names, in a random order so that clients spread over the tasks. `undefined`: not ours. */
export function answerFromZone(query: DecodedPacket, question: Question, lookup: Lookup, random: Random): Buffer | undefined {
  const found = lookup(question.name);
  if (!found) return undefined;
  const isAsked = (type: AddressType | 'SRV'): boolean => question.type === type || (question.type as string) === 'ANY';
  const records = isAsked('SRV') ? shuffled([...found.records], random) : [];
  const answers = [
    ...shuffled(
      found.addresses.filter((address) => isAsked(typeOf(address))),
      random,
    ).map((address) => addressRecord(question.name, address)),
    ...records.map(({ target, port }) => serviceRecord(question.name, target, port)),
  ];
  // Who asks where tasks listen wants their addresses next.
  const additionals = records.flatMap(({ target, addresses }) => addresses.map((address) => addressRecord(target, address)));
  return encode(query, answers, packet.AUTHORITATIVE_ANSWER, additionals);
}

function typeOf(address: string): AddressType {
  return isIPv6(address) ? 'AAAA' : 'A';
}

function addressRecord(name: string, data: string): Answer {
  return { type: typeOf(data), name, ttl: TTL_SECONDS, class: 'IN', data };
}

function serviceRecord(name: string, target: string, port: number): Answer {
  return { type: 'SRV', name, ttl: TTL_SECONDS, class: 'IN', data: { target, port, priority: 0, weight: 0 } };
}

export function failure(query: DecodedPacket, kind: 'no-such-name' | 'server-failure'): Buffer {
  return encode(query, [], kind === 'no-such-name' ? NXDOMAIN : SERVFAIL);
}

/** Cuts an answer that UDP cannot carry to its question, marked so that the client asks again over TCP. */
export function fitUdp(answer: Buffer): Buffer {
  if (answer.length <= MAX_UDP_BYTES) return answer;
  const whole = packet.decode(answer);
  return packet.encode({ ...whole, answers: [], additionals: [], flags: (whole.flags ?? 0) | packet.TRUNCATED_RESPONSE });
}

function encode(query: DecodedPacket, answers: Answer[], flags: number, additionals: Answer[] = []): Buffer {
  const recursion = ((query.flags ?? 0) & packet.RECURSION_DESIRED) | packet.RECURSION_AVAILABLE;
  const questions = query.questions ?? [];
  return packet.encode({ type: 'response', id: query.id ?? 0, flags: flags | recursion, questions, answers, additionals });
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}

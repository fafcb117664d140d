import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { SeededRandom, SystemClock, silentLog } from '@tessera/kit';
import packet, { type Answer, type RecordType } from 'dns-packet';
import type { ZoneAnswer } from '../plan/network/zone.js';
import { DnsServer } from './dns-server.js';

const NAMES: Record<string, string[]> = {
  web: ['10.0.0.2', '10.0.0.3'],
  dual: ['10.0.0.2', 'fd00::2'],
  empty: [],
  many: Array.from({ length: 100 }, (_, index) => `10.0.1.${index}`),
};

const RECORDS: Record<string, ZoneAnswer['records']> = { web: [{ target: '1.web', addresses: ['10.0.0.2', 'fd00::2'], port: 80 }] };

function makeServer(upstreams: string[] = []): DnsServer {
  return new DnsServer({
    clock: new SystemClock(),
    random: new SeededRandom(1),
    log: silentLog,
    lookupFor: () => (name) => NAMES[name] && { addresses: NAMES[name], records: RECORDS[name] ?? [] },
    upstreams: () => upstreams,
    port: 0,
  });
}

function query(name: string, type: RecordType = 'A'): Buffer {
  return packet.encode({ type: 'query', id: 4711, flags: packet.RECURSION_DESIRED, questions: [{ type, name }] });
}

async function ask(server: DnsServer, message: Buffer, overTcp = false) {
  const answer = await server.answer(message, '127.0.0.1', '127.0.0.9', overTcp);
  return answer && packet.decode(answer);
}

const addresses = (answers: Answer[] | undefined): string[] => (answers ?? []).map((answer) => (answer as { data: string }).data).sort();

describe('the discovery server', () => {
  it('answers a service with the addresses of its tasks, good for a second', async () => {
    const answer = await ask(makeServer(), query('web'));
    assert.equal(answer?.id, 4711);
    assert.deepEqual(addresses(answer?.answers), NAMES.web);
    assert.ok(answer?.answers?.every((record) => 'ttl' in record && record.ttl === 1));
  });

  it('spreads clients: the first address is not always the same', async () => {
    const server = makeServer();
    const firsts = new Set<string>();
    for (let round = 0; round < 30; round++) firsts.add((((await ask(server, query('web')))?.answers ?? [])[0] as { data: string }).data);
    assert.equal(firsts.size, 2);
  });

  it('answers SRV questions with name and port of each task, and their addresses besides', async () => {
    const answer = await ask(makeServer(), query('web', 'SRV'));
    const [record] = answer?.answers ?? [];
    assert.deepEqual(record?.type === 'SRV' && record.data, { target: '1.web', port: 80, priority: 0, weight: 0 });
    assert.deepEqual(addresses(answer?.additionals), ['10.0.0.2', 'fd00::2']);
  });

  it('answers each question with addresses of its own family', async () => {
    assert.deepEqual(addresses((await ask(makeServer(), query('dual')))?.answers), ['10.0.0.2']);
    const answer = await ask(makeServer(), query('dual', 'AAAA'));
    assert.deepEqual(
      answer?.answers?.map((record) => record.type),
      ['AAAA'],
    );
    assert.deepEqual(addresses(answer?.answers), ['fd00::2']);
  });

  it('answers IPv6 questions about a service with no record instead of "no such name"', async () => {
    const answer = await ask(makeServer(), query('web', 'AAAA'));
    assert.equal((answer as { rcode?: string }).rcode, 'NOERROR');
    assert.deepEqual(answer?.answers, []);
  });

  it('says "no such name" to what it does not know when the host has no resolver', async () => {
    assert.equal(((await ask(makeServer(), query('nowhere.example'))) as { rcode?: string }).rcode, 'NXDOMAIN');
  });

  it('cuts an answer that UDP cannot carry and gives it whole over TCP', async () => {
    const overUdp = await ask(makeServer(), query('many'));
    assert.equal((overUdp as { flag_tc?: boolean }).flag_tc, true);
    assert.equal((await ask(makeServer(), query('many'), true))?.answers?.length, 100);
  });

  it('answers nothing to what is not a question', async () => {
    for (const message of [Buffer.alloc(0), Buffer.from('hello'), packet.encode({ type: 'response', id: 1, questions: [] })]) {
      assert.equal(await makeServer().answer(message, '127.0.0.1', '127.0.0.9', false), undefined);
    }
  });

  it("asks the host's resolvers, the next one when the first does not answer", async () => {
    const upstream = createSocket('udp4');
    upstream.on('message', (message, peer) => {
      const asked = packet.decode(message);
      upstream.send(
        packet.encode({
          type: 'response',
          id: asked.id,
          questions: asked.questions,
          answers: [{ type: 'A', name: 'example.org', ttl: 60, data: '192.0.2.7' }],
        }),
        peer.port,
      );
    });
    await new Promise<void>((resolve) => upstream.bind(0, '127.0.0.1', resolve));
    try {
      // Nothing listens on the first: the kernel refuses at once.
      const server = makeServer(['127.0.0.1:1', `127.0.0.1:${upstream.address().port}`]);
      assert.deepEqual(addresses((await ask(server, query('example.org')))?.answers), ['192.0.2.7']);
    } finally {
      upstream.close();
    }
  });
});

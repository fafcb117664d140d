import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ApiError } from '@tessera/api';
import { SystemClock } from '../clock/system-clock.js';
import { type Authority, createAuthority, issue } from '../pki/index.js';
import { SystemRandom } from '../random/system-random.js';
import { HttpsTransport } from './https-transport.js';

const [clock, random] = [new SystemClock(), new SystemRandom()];
/** The discard port of TCP: nothing listens there. */
const NOBODY = '127.0.0.1:9';

describe('The HTTPS transport', () => {
  let authority: Authority;
  let server: Server;
  const transports: HttpsTransport[] = [];

  const serve = async (role: 'manager' | 'node', answer: (path: string) => string): Promise<void> => {
    const { certificate, key } = await issue({ authority, subject: { id: 'x', clusterId: 'c', role }, lifeMs: 60_000, clock, random });
    server = createServer({ cert: certificate, key }, (request, response) => response.end(answer(request.url ?? '')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  };
  const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transportTo = (...addresses: string[]): HttpsTransport => {
    const transport = new HttpsTransport({ addresses, credentials: { ca: authority.certificate }, clock });
    transports.push(transport);
    return transport;
  };
  const get = (transport: HttpsTransport) => transport.request({ method: 'GET', path: '/' });
  const refusal = async (transport: HttpsTransport): Promise<ApiError> => {
    const error = await get(transport).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ApiError, String(error));
    return error;
  };

  before(async () => {
    authority = await createAuthority({ clusterId: 'c', clock, random });
  });
  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close();
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  });

  it('goes on to the next address when one cannot be reached', async () => {
    await serve('manager', () => '{"fine":true}');
    assert.deepEqual(await get(transportTo(NOBODY, address())), { status: 200, body: { fine: true } });
  });

  it('names the address that refuses, and the cure', async () => {
    const { code, message, cure } = await refusal(transportTo(NOBODY));
    assert.deepEqual([code, message], ['unavailable', `the manager at ${NOBODY}: refuses connections (ECONNREFUSED)`]);
    assert.match(cure ?? '', /^check that tessera-manager runs there/);
  });

  it('speaks to nobody who is not a manager, though the CA is the right one', async () => {
    await serve('node', () => '{}');
    assert.match(
      (await refusal(transportTo(address()))).message,
      /the certificate that it shows is not one of a manager \(INVALID_PURPOSE\)$/,
    );
  });

  it("does not trust another cluster's manager", async () => {
    await serve('manager', () => '{}');
    const other = await createAuthority({ clusterId: 'other', clock, random });
    const transport = new HttpsTransport({ addresses: [address()], credentials: { ca: other.certificate }, clock });
    transports.push(transport);
    assert.match((await refusal(transport)).message, /its certificate was signed by another cluster's CA \([A-Z_]+\)$/);
  });

  it('reads lines as they come, also when they are cut across chunks', async () => {
    await serve('manager', () => `{"a":1}\n{"b":"${'ä'.repeat(100_000)}"}\n`);
    const lines: unknown[] = [];
    for await (const line of transportTo(address()).stream({ method: 'GET', path: '/' })) lines.push(line);
    assert.deepEqual(lines, [{ a: 1 }, { b: 'ä'.repeat(100_000) }]);
  });

  it('says so when an answer is not JSON', async () => {
    await serve('manager', () => '<html>');
    assert.equal(
      (await refusal(transportTo(address()))).message,
      'the answer is not JSON: is this address really one of a Tessera manager?',
    );
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemClock, SystemRandom, silentLog } from '@tessera/kit';
import { until } from '@tessera/kit/wait/until';
import { openKv } from '@tessera/manager/adapters/kv/open';
import { EtcdServer } from '../../support/etcd.js';
import { Recorder, write } from './recorder.js';

const run = promisify(execFile);
const clock = new SystemClock();
const options = { clock, random: new SystemRandom(), log: silentLog };
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A CA and certificates of its own for this test, made by openssl. */
class Certificates {
  private constructor(readonly directory: string) {}

  static async make(): Promise<Certificates> {
    const made = new Certificates(await mkdtemp(join(tmpdir(), 'tessera-tls-')));
    await made.#makeAuthority('ca');
    await made.#makeAuthority('other-ca');
    await made.#issue('server', 'serverAuth,clientAuth');
    await made.#issue('client', 'clientAuth');
    return made;
  }

  path(file: string): string {
    return join(this.directory, file);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  async #makeAuthority(name: string): Promise<void> {
    const files = ['-keyout', this.path(`${name}.key`), '-out', this.path(`${name}.crt`)];
    await run('openssl', ['req', '-x509', ...KEY, ...files, '-subj', `/CN=${name}`, '-days', '1']);
  }

  async #issue(name: string, usage: string): Promise<void> {
    const extensions = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', `extendedKeyUsage=${usage}`];
    const files = ['-keyout', this.path(`${name}.key`), '-out', this.path(`${name}.crt`)];
    const authority = ['-CA', this.path('ca.crt'), '-CAkey', this.path('ca.key')];
    await run('openssl', ['req', '-x509', ...KEY, ...files, ...authority, '-subj', `/CN=${name}`, '-days', '1', ...extensions]);
  }
}

describe('EtcdKv over TLS', function () {
  this.timeout(20_000);
  let certificates: Certificates;
  let server: EtcdServer;
  before(async () => {
    certificates = await Certificates.make();
    server = await EtcdServer.start({
      caPath: certificates.path('ca.crt'),
      certPath: certificates.path('server.crt'),
      keyPath: certificates.path('server.key'),
    });
  });
  after(async () => {
    await server?.stop();
    await certificates?.remove();
  });

  const url = (parameters: Record<string, string>): string => {
    const query = Object.entries(parameters).map(([name, file]) => `${name}=${certificates.path(file)}`);
    return `etcds://${server.host}?${query.join('&')}`;
  };

  it('reads, writes and watches with a client certificate', async () => {
    const kv = await openKv(url({ ca: 'ca.crt', cert: 'client.crt', key: 'client.key' }), options);
    const revision = await write(kv, 'a', 'one');
    assert.equal((await kv.get('a'))?.value, 'one');
    const recorder = new Recorder(kv, '', revision);
    await until(() => recorder.texts.includes('put a=one'), { clock, what: 'the event', limitMs: 5_000 });
    await kv.close();
  });

  it('is turned away without a client certificate', async () => {
    const kv = await openKv(url({ ca: 'ca.crt' }), options);
    await assert.rejects(kv.get('a'), { name: 'KvError', code: 'unavailable' });
    await kv.close();
  });

  it('does not speak to a server of another authority', async () => {
    const kv = await openKv(url({ ca: 'other-ca.crt', cert: 'client.crt', key: 'client.key' }), options);
    await assert.rejects(write(kv, 'b', 'x'), { name: 'KvError', code: 'unavailable' });
    await kv.close();
    const good = await openKv(url({ ca: 'ca.crt', cert: 'client.crt', key: 'client.key' }), options);
    assert.equal(await good.get('b'), undefined);
    await good.close();
  });
});

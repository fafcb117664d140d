import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '../clock/virtual-clock.js';
import { SeededRandom } from '../random/seeded-random.js';
import {
  createAuthority,
  fingerprint,
  hashJoinToken,
  initCluster,
  issue,
  issueFromRequest,
  makeJoinToken,
  makeSigningRequest,
  parseJoinToken,
  pkiPaths,
  readClusterFile,
  sameHash,
  subjectOfPem,
} from './index.js';

const clock = new VirtualClock();
const random = new SeededRandom(3);
const SUBJECT = { id: 'node1', clusterId: 'c1', role: 'node' } as const;
const HOUR_MS = 3_600_000;

describe('Certificates', () => {
  it('say whom they are for, are signed by the CA, and hold from an hour before until their life ends', async () => {
    const authority = await createAuthority({ clusterId: 'c1', clock, random });
    const issued = await issue({ authority, subject: SUBJECT, lifeMs: 24 * HOUR_MS, clock, random });
    const certificate = new X509Certificate(issued.certificate);
    assert.deepEqual(subjectOfPem(issued.certificate), SUBJECT);
    assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
    assert.equal(Date.parse(certificate.validFrom), clock.now() - HOUR_MS);
    assert.equal(Date.parse(certificate.validTo), clock.now() + 24 * HOUR_MS);
  });

  it('of managers name their addresses, and only they may be servers', async () => {
    const authority = await createAuthority({ clusterId: 'c1', clock, random });
    const made = { authority, lifeMs: HOUR_MS, clock, random };
    const manager = new X509Certificate(
      (await issue({ ...made, subject: { ...SUBJECT, role: 'manager' }, addresses: ['10.0.0.1', 'host'] })).certificate,
    );
    assert.equal(manager.subjectAltName, 'IP Address:10.0.0.1, DNS:host');
    assert.deepEqual(manager.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    assert.deepEqual(new X509Certificate((await issue({ ...made, subject: SUBJECT })).certificate).keyUsage, ['1.3.6.1.5.5.7.3.2']);
  });

  it('are made for the key of a request, whatever subject it asks for', async () => {
    const authority = await createAuthority({ clusterId: 'c1', clock, random });
    const { csr, key } = await makeSigningRequest();
    const made = { authority, subject: SUBJECT, lifeMs: HOUR_MS, clock, random };
    const certificate = await issueFromRequest({ ...made, csr });
    assert.deepEqual(subjectOfPem(certificate), SUBJECT);
    const again = await issueFromRequest({ ...made, csr: (await makeSigningRequest(key)).csr });
    assert.deepEqual(
      new X509Certificate(again).publicKey.export({ format: 'jwk' }),
      new X509Certificate(certificate).publicKey.export({ format: 'jwk' }),
    );
  });

  it('are not made for a request whose signature does not hold', async () => {
    const authority = await createAuthority({ clusterId: 'c1', clock, random });
    const { csr } = await makeSigningRequest();
    const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const made = { authority, subject: SUBJECT, lifeMs: HOUR_MS, clock, random };
    await assert.rejects(issueFromRequest({ ...made, csr: forged }), {
      message: 'the signature of the signing request does not fit its key',
    });
  });
});

describe('Join tokens', () => {
  it('give back what they were made of', () => {
    const hash = 'ab'.repeat(32);
    const token = makeJoinToken('manager', hash, random);
    const parsed = parseJoinToken(` ${token}\n`);
    assert.deepEqual([parsed.role, parsed.authorityHash], ['manager', hash]);
    assert.ok(sameHash(hashJoinToken(token), hashJoinToken(` ${token}\n`)));
    assert.ok(!sameHash(hashJoinToken(token), hashJoinToken(`${token}0`)));
    assert.ok(!sameHash('', ''));
  });
});

describe('A new cluster', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tessera-init-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('has its keys where only their owner reads them, and tokens that pin its CA', async () => {
    const { clusterId, admin, workerToken } = await initCluster({ dataDir, name: 'shop', addresses: ['10.0.0.1'], clock, random });
    const paths = pkiPaths(dataDir);
    for (const path of [paths.caKey, paths.managerKey, paths.secretsKey, paths.cluster])
      assert.equal((await stat(path)).mode & 0o777, 0o600, path);
    assert.equal((await stat(paths.directory)).mode & 0o777, 0o700);
    assert.equal(parseJoinToken(workerToken).authorityHash, fingerprint(admin.ca));
    assert.deepEqual(subjectOfPem(admin.certificate), { id: 'admin', clusterId, role: 'admin' });
    const file = await readClusterFile(dataDir);
    assert.deepEqual([file?.name, file?.addressPool, file?.tokenHashes.worker], ['shop', '10.128.0.0/9', hashJoinToken(workerToken)]);
  });

  it('is never written over another', async () => {
    await initCluster({ dataDir, name: 'shop', addresses: [], clock, random });
    await assert.rejects(initCluster({ dataDir, name: 'shop', addresses: [], clock, random }), /holds a cluster already/);
  });
});

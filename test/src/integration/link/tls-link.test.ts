import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { IdentityFile } from '@tessera/agent/identity/identity';
import { Identity, joinCluster, loadIdentity } from '@tessera/agent/identity/index';
import { type Session, startSession } from '@tessera/agent/session/index';
import type { LogFrame } from '@tessera/api';
import { SystemClock, SystemRandom, silentLog, until } from '@tessera/kit';
import { createAuthority, fingerprint, issue, makeJoinToken } from '@tessera/kit/pki/index';
import { RecordingCore } from './recording-core.js';
import { sampleDescription, sampleRevision, sampleService, sampleSpec, sampleStatus, sampleTask } from './sample.js';
import { TlsManager } from './tls-manager.js';

const clock = new SystemClock();
const random = new SystemRandom();
const NEVER = new AbortController().signal;
const LOG_OPTIONS = { follow: false, timestamps: false, stdout: true, stderr: true };

describe('link over TLS', () => {
  let directory: string;
  let manager: TlsManager;
  const sessions: Session[] = [];
  let agents = 0;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tessera-link-'));
    manager = await TlsManager.start(join(directory, 'manager'));
  });

  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.stop()));
    await manager.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const joined = (more: { token?: string; url?: string; dataDir?: string } = {}): Promise<Identity> =>
    joinCluster({
      managers: [more.url ?? manager.url],
      token: more.token ?? manager.cluster.workerToken,
      dataDir: more.dataDir ?? join(directory, `agent${++agents}`),
      name: `node-${agents}`,
      labels: { zone: 'a' },
      clock,
    });

  const connect = (
    identity: Identity,
    core = new RecordingCore(sampleDescription('127.0.0.1')),
  ): { core: RecordingCore; session: Session } => {
    const session = startSession({ identity, core, clock, random, log: silentLog, managers: identity.managers });
    sessions.push(session);
    return { core, session };
  };

  it('joins, saves who it is for its owner only, and opens a session', async () => {
    const identity = await joined();
    const path = join(identity.dataDir, 'agent', 'identity.json');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.ok(!(await readFile(path, 'utf8')).includes(manager.cluster.workerToken), 'the token is not kept');
    connect(await loadIdentity(identity.dataDir));
    await manager.nodeIs(identity.nodeId, 'ready');
    const node = manager.store.view.get('nodes', identity.nodeId);
    assert.deepEqual([node?.name, node?.spec.labels], ['node-1', { zone: 'a' }]);
  });

  it('refuses to join twice and says how to leave', async () => {
    const { dataDir } = await joined();
    await assert.rejects(joined({ dataDir }), /is node .* already .*tessera-agent leave/);
  });

  it('never sends the token to a server whose CA is not the one in the token', async () => {
    const foreign = await createAuthority({ clusterId: 'other', clock, random });
    const subject = { id: 'impostor', clusterId: 'other', role: 'manager' } as const;
    const shown = await issue({ authority: foreign, subject, lifeMs: 3_600_000, clock, random });
    const impostor = await tlsServer({ certificate: shown.certificate + foreign.certificate, key: shown.key });
    await assert.rejects(
      joined({ url: `https://127.0.0.1:${impostor.port}` }),
      /does not belong to the cluster of this token .*the token was not sent/,
    );
    await closed(impostor.server);
    assert.deepEqual(impostor.received, []);
    await assert.rejects(loadIdentity(join(directory, `agent${agents}`)), /not part of a cluster/);
  });

  it('refuses the token of another cluster', async () => {
    const other = await createAuthority({ clusterId: 'other', clock, random });
    const token = makeJoinToken('worker', fingerprint(other.certificate), random);
    await assert.rejects(joined({ token }), /does not belong to the cluster of this token/);
  });

  it('says that a token was rotated, is cut, or is none', async () => {
    const wrong = manager.cluster.workerToken.replace(/.{4}$/, (end) => (end === '0000' ? '1111' : '0000'));
    await assert.rejects(joined({ token: wrong }), /rotated.*tsctl cluster token rotate worker/);
    await assert.rejects(joined({ token: manager.cluster.workerToken.slice(0, -4) }), /cut when it was copied/);
    await assert.rejects(joined({ token: 'hello' }), /not a join token/);
  });

  it('says that nothing listens, or that what listens speaks no TLS', async () => {
    const { server, port } = await plainServer();
    await assert.rejects(joined({ url: `https://127.0.0.1:${port}` }), /answers, but not with TLS/);
    await closed(server);
    await assert.rejects(joined({ url: `https://127.0.0.1:${port}` }), /nothing listens there: .*ECONNREFUSED/);
    await assert.rejects(joined({ url: 'https://no-such-host.invalid:4600' }), /the name is unknown|DNS of this host/);
    await assert.rejects(joined({ url: 'http://127.0.0.1:4600' }), /https:\/\/ only/);
  });

  it('comes back when its connection is cut and when the manager restarts, and tells what happened meanwhile', async () => {
    const identity = await joined();
    const { core } = connect(identity);
    const spec = sampleSpec('web');
    const service = sampleService('web', spec);
    await manager.store.commit([{ type: 'put', kind: 'services', object: service, expect: 'absent' }]);
    await manager.store.commit([{ type: 'put', kind: 'revisions', object: sampleRevision('web', spec), expect: 'absent' }]);
    await manager.store.commit([{ type: 'put', kind: 'tasks', object: sampleTask('t1', service, identity.nodeId), expect: 'absent' }]);
    await holds(() => core.merged.tasks.has('t1'), 'the task at the agent');
    manager.sockets.at(-1)?.close();
    await holds(() => core.replaced === 2, 'a second session');
    await manager.pause();
    core.report('t1', sampleStatus('failed'));
    core.report('t2', sampleStatus('running'), 't1');
    await manager.serve();
    await holds(() => manager.store.view.get('tasks', 't2')?.status.state === 'running', 'the successor in the store');
    assert.equal(manager.store.view.get('tasks', 't1')?.status.state, 'failed');
    assert.equal(manager.store.view.get('nodes', identity.nodeId)?.status.state, 'ready');
  });

  it('ends for good, with a reason, when its certificate has expired', async () => {
    const identity = await joined();
    const subject = { id: identity.nodeId, clusterId: manager.cluster.clusterId, role: 'node' } as const;
    const past = { now: () => clock.now() - 86_400_000, monotonic: () => 0, timer: clock.timer };
    const expired = await issue({ authority: manager.authority, subject, lifeMs: 3_600_000, clock: past, random });
    const { session } = connect(withCertificate(identity, expired));
    const state = await session.done;
    assert.equal(state.name, 'refused');
    assert.match((state as { reason: string }).reason, /HTTP 401.*expired.*join again/);
  });

  it('does not talk to a manager of another cluster, and keeps trying', async () => {
    const other = await createAuthority({ clusterId: 'other', clock, random });
    const identity = await joined();
    const { session } = connect(withCertificate(identity, { ca: other.certificate }));
    await holds(() => session.state.name === 'connecting' && session.state.failures >= 2, 'two failures');
    assert.match((session.state as { reason: string }).reason, /does not show a certificate of a manager of this cluster/);
  });

  it('does not take a node for a manager, though the same CA signed it', async () => {
    const identity = await joined();
    const impostor = await tlsServer(identity);
    const { session } = connect(withCertificate(identity, { managers: [`https://127.0.0.1:${impostor.port}`] }));
    await holds(() => session.state.name === 'connecting' && session.state.failures >= 1, 'a failure');
    assert.match((session.state as { reason: string }).reason, /manager of this cluster/);
    await closed(impostor.server);
  });

  it('renews its certificate when it is due and shows the new one', async () => {
    const identity = await joined();
    const before = identity.certificate;
    const due = withCertificate(identity, { renewAtMs: clock.now() });
    connect(due);
    await holds(() => due.certificate !== before, 'a new certificate');
    assert.ok(due.renewAtMs > clock.now());
    assert.equal((await loadIdentity(identity.dataDir)).certificate, due.certificate);
    const replaced = manager.sockets.length;
    manager.sockets.at(-1)?.close();
    await holds(() => manager.sockets.length > replaced, 'a session with the new certificate');
  });

  it('passes on 30,000 lines of a log and ends', async () => {
    const identity = await joined();
    const { core } = connect(identity);
    core.logLines = async function* () {
      for (let line = 0; line < 30_000; line++) yield { type: 'line', stream: 'stdout', text: `line ${line}` };
      yield { type: 'end' };
    };
    await manager.nodeIs(identity.nodeId, 'ready');
    const frames: LogFrame[] = [];
    for await (const frame of manager.dispatcher.openLogs(identity.nodeId, 't1', LOG_OPTIONS, NEVER)) frames.push(frame);
    assert.equal(frames.length, 30_001);
    assert.deepEqual(frames[29_999], { type: 'line', stream: 'stdout', text: 'line 29999' });
  });

  it('serves 200 sessions at a time', async () => {
    const identities: Identity[] = [];
    for (let round = 0; round < 10; round++) identities.push(...(await Promise.all(Array.from({ length: 20 }, () => joined()))));
    const cores = identities.map((identity) => connect(identity).core);
    await holds(() => cores.every((core) => core.replaced > 0), 'all sessions', 30_000);
    const service = sampleService('web', sampleSpec('web'));
    await manager.store.commit([{ type: 'put', kind: 'revisions', object: sampleRevision('web', service.spec), expect: 'absent' }]);
    const tasks = identities.map((identity, index) => sampleTask(`t${index}`, service, identity.nodeId, { slot: index + 1 }));
    await manager.store.commitBatch(tasks.map((object) => ({ type: 'put', kind: 'tasks', object, expect: 'absent' })));
    await holds(() => cores.every((core) => core.merged.tasks.size === 1), 'a task on each');
    for (const [index, core] of cores.entries()) core.report(`t${index}`, sampleStatus('running'));
    await holds(() => [...manager.store.view.all('tasks')].every((task) => task.status.state === 'running'), 'all running');
  });
});

function holds(condition: () => boolean, what: string, limitMs = 10_000): Promise<unknown> {
  return until(condition, { clock, what, limitMs });
}

/** The same identity with some parts replaced, in memory. */
function withCertificate(identity: Identity, parts: Partial<IdentityFile>): Identity {
  const { nodeId, certificate, key, ca, managers, renewAtMs } = identity;
  return new Identity(identity.dataDir, { version: 1, nodeId, certificate, key, ca, managers: [...managers], renewAtMs, ...parts });
}

async function plainServer(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.resume();
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

/** A server with these certificates that keeps what it is sent. */
async function tlsServer(credentials: { certificate: string; key: string }): Promise<{ server: Server; port: number; received: string[] }> {
  const received: string[] = [];
  const server = createTlsServer({ cert: credentials.certificate, key: credentials.key, minVersion: 'TLSv1.3' }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => received.push(data.toString()));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port, received };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

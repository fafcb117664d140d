import assert from 'node:assert/strict';
import { type HostFacts, hostFiles, usableServers } from './host-files.js';

const FACTS: HostFacts = {
  name: 'node1',
  ip: '10.78.0.11',
  sockets: ['unix:///run/docker.sock', 'unix:///state/docker.sock'],
  registry: '10.78.0.1:5000',
  gateway: '10.78.0.1',
  internet: false,
};

describe("a host's files", () => {
  it('make Docker keep containers alive, trust the registry and answer inside and outside', async () => {
    const files = await hostFiles(FACTS);
    const config = JSON.parse(files['docker/daemon.json'] ?? '');
    assert.equal(config['live-restore'], true);
    assert.deepEqual(config['insecure-registries'], ['10.78.0.1:5000']);
    assert.deepEqual(config.hosts, ['unix:///run/docker.sock', 'unix:///state/docker.sock']);
  });

  it('name a server that refuses at once when there is no way out', async () => {
    assert.equal((await hostFiles(FACTS))['resolv.conf'], 'nameserver 10.78.0.1\n');
  });

  it('leave out name servers that only the machine itself can reach', () => {
    const text = '# made by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n nameserver ::1\noptions ndots:1\n';
    assert.deepEqual(usableServers(text), ['192.0.2.53']);
  });
});

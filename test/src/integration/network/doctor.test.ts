import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@tessera/bed';
import { onHost, provideBusybox } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const READY_LIMIT_MS = 20_000;
const COMPOSE = `services:
  web: { image: "\${IMAGE}", command: ["sh", "-c", "mkdir -p /www; exec httpd -f -p 80 -h /www"], ports: ["8080:80"], deploy: { mode: global } }
networks: { default: { enable_ipv6: true } }
`;

/** Three hosts whose ways to each other are broken, one after the other: what the doctor says of it. */
describe('tsctl network doctor on three hosts', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'doctor', store: 'embedded', hosts: 3 });
    const image = await provideBusybox(cluster.bed);
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env: { IMAGE: image } });
  });

  after(() => cluster?.destroy());

  async function doctor(): Promise<{ code: number; lines: string[] }> {
    const { code, stdout, stderr } = await cluster.tsctl.run(['network', 'doctor']);
    assert.equal(stderr, '');
    return { code, lines: stdout.trim().split('\n') };
  }

  /** Puts a rule into a host's firewall. @param chain hook, priority and rule as nftables writes them */
  async function block(host: Host, chain: string): Promise<void> {
    const input = `table ip test_block {\n chain c {\n type filter hook ${chain}\n }\n}\n`;
    const { code, stderr } = await host.exec(['nft', '-f', '-'], { input });
    assert.equal(code, 0, stderr);
  }

  const isWell = async (): Promise<boolean> => (await doctor()).code === 0;

  it('finds nothing where all is well, and leaves nothing behind', async () => {
    await eventually(isWell, 'the network to be well', READY_LIMIT_MS);
    assert.deepEqual(await doctor(), { code: 0, lines: ['3 nodes asked, 6 of 6 links well', 'no problem found'] });
    for (const host of cluster.bed.hosts) assert.equal((await host.exec(['nft', 'list', 'table', 'ip', 'tessera-doctor'])).code, 1);
  });

  it('names the link whose overlay port is blocked on the way', async () => {
    const host = cluster.host(2);
    await block(host, `prerouting priority -500; ip saddr ${cluster.host(1).ip} udp dport 4789 drop`);
    const { code, lines } = await doctor();
    assert.equal(code, 1);
    assert.ok(lines.includes('problem: node2 -> node3: no VXLAN packet arrives (UDP 4789 blocked?)'), lines.join('\n'));
    assert.ok(!lines.some((line) => line.includes('node1 -> node3: no VXLAN')), lines.join('\n'));
    await onHost(host, 'nft', 'delete', 'table', 'ip', 'test_block');
    await eventually(isWell, 'the network to be well again', READY_LIMIT_MS);
  });

  it('names the link that carries IPv4 and not IPv6', async () => {
    const host = cluster.host(2);
    const input = 'table ip6 test_block {\n chain c {\n type filter hook prerouting priority -500; iifname "tsv*" drop\n }\n}\n';
    assert.equal((await host.exec(['nft', '-f', '-'], { input })).code, 0);
    const { code, lines } = await doctor();
    assert.equal(code, 1);
    const problem =
      'problem: node1 -> node3: network shop_default answers by IPv4 and not by IPv6 (a firewall of node1 or node3: ip6tables, nft?)';
    assert.ok(lines.includes(problem), lines.join('\n'));
    assert.ok(!lines.some((line) => line.includes('node1 -> node2')), lines.join('\n'));
    await onHost(host, 'nft', 'delete', 'table', 'ip6', 'test_block');
    await eventually(isWell, 'the network to be well again', READY_LIMIT_MS);
  });

  it('tells that a firewall of the receiving host drops it', async () => {
    const host = cluster.host(2);
    await block(host, `input priority 0; ip saddr ${cluster.host(0).ip} udp dport 4789 drop`);
    const { code, lines } = await doctor();
    assert.equal(code, 1);
    assert.ok(
      lines.includes('problem: node1 -> node3: VXLAN packets arrive and are dropped by a firewall of node3 (UDP 4789)'),
      lines.join('\n'),
    );
    await onHost(host, 'nft', 'delete', 'table', 'ip', 'test_block');
    await eventually(isWell, 'the network to be well again', READY_LIMIT_MS);
  });

  it('finds a way that carries smaller packets than both of its ends believe', async () => {
    const host = cluster.host(1);
    await block(host, `prerouting priority -500; ip saddr ${cluster.host(0).ip} ip length > 1280 drop`);
    const { code, lines } = await doctor();
    assert.equal(code, 1);
    assert.ok(
      lines.some((line) =>
        line.startsWith('problem: node1 -> node2: path MTU 1280 is below the 1500 that the networks between them need (shop_default)'),
      ),
      lines.join('\n'),
    );
    await onHost(host, 'nft', 'delete', 'table', 'ip', 'test_block');
    await eventually(isWell, 'the network to be well again', READY_LIMIT_MS);
  });

  it('tells two hosts that are cut off from each other', async () => {
    await cluster.host(1).cut(cluster.host(2));
    const { code, lines } = await doctor();
    assert.equal(code, 1);
    for (const link of ['node2 -> node3', 'node3 -> node2'])
      assert.ok(
        lines.some((line) => line.startsWith(`problem: ${link}: nothing arrives: no ping is answered`)),
        lines.join('\n'),
      );
    assert.ok(!lines.some((line) => line.startsWith('problem: node1 -> node2: nothing')), lines.join('\n'));
    await cluster.host(1).heal(cluster.host(2));
    await eventually(isWell, 'the network to be well again', READY_LIMIT_MS);
  });

  it('does not call well what is not there', async () => {
    await cluster.agent(2).kill9();
    await eventually(
      async () => (await doctor()).lines.includes('problem: node3: it is down and cannot be asked'),
      'the node to be down',
      READY_LIMIT_MS,
    );
    await cluster.agent(2).start();
  });
});

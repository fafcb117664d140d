import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@tessera/bed';
import { onHost, provideBusybox } from '../../support/test-bed.js';
import { TestCluster } from '../../support/test-cluster.js';
import type { Path, Place } from './paths.js';

const HOSTS = 3;
/** By hand: an id and a port that Tessera does not use, and addresses that nobody else has. */
const HAND = { id: 4_242, port: 4_790, mtu: 1_450, addresses: ['198.18.0.1', '198.18.0.2'] } as const;
export const CROWD = 15;

const COMPOSE = (image: string): string => {
  const one = (network: string, node: string): string =>
    `{ image: ${image}, command: [sleep, "86400"], init: true, networks: [${network}], deploy: { placement: { constraints: [node.hostname == ${node}] } } }`;
  return `services:
  client: ${one('plain', 'node1')}
  server: ${one('plain', 'node2')}
  sealed-client: ${one('sealed', 'node1')}
  sealed-server: ${one('sealed', 'node2')}
  crowd:
    image: ${image}
    command: [sleep, "86400"]
    init: true
    networks: [plain]
    deploy: { replicas: ${CROWD}, restart_policy: { condition: any, delay: 0s } }
networks: { plain: {}, sealed: { driver_opts: { encrypted: "" } } }
`;
};

/** Three hosts with a client and a server on each of two networks, and a crowd of tasks that come and go. */
export class BenchBed {
  private constructor(readonly cluster: TestCluster) {}

  static async create(): Promise<BenchBed> {
    const cluster = await TestCluster.create({ what: 'bench', store: 'embedded', hosts: HOSTS });
    try {
      const image = await provideBusybox(cluster.bed);
      await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE(image));
      await cluster.tsctl.succeed(['deploy', 'bench', '--timeout', '90s']);
      await plainVxlan(cluster.host(0), cluster.host(1));
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
    return new BenchBed(cluster);
  }

  destroy(): Promise<void> {
    return this.cluster.destroy();
  }

  /** From the first host to the second one, each in its own way. */
  async paths(): Promise<{ host: Path; hand: Path; direct: Path; vip: Path; sealed: Path }> {
    const [first, second] = [this.cluster.host(0), this.cluster.host(1)];
    const [client, server, sealedClient, sealedServer] = await Promise.all([
      this.#task(first, 'client'),
      this.#task(second, 'server'),
      this.#task(first, 'sealed-client'),
      this.#task(second, 'sealed-server'),
    ]);
    const hand = (host: Host): Place => ({ host, enter: ['ip', 'netns', 'exec', 'hand'] });
    return {
      host: { name: 'host to host', client: { host: first, enter: [] }, server: { host: second, enter: [] }, address: second.ip },
      hand: { name: 'plain VXLAN by hand', client: hand(first), server: hand(second), address: HAND.addresses[1] },
      direct: { name: 'overlay, by the address of the task', client, server, address: server.address },
      vip: { name: 'overlay, by the virtual address', client, server, address: await this.virtualAddress(first, 'server') },
      sealed: { name: 'encrypted overlay', client: sealedClient, server: sealedServer, address: sealedServer.address },
    };
  }

  /** The virtual address of a service that has one task or more. */
  async virtualAddress(host: Host, service: string): Promise<string> {
    const table = await onHost(host, 'nft', 'list', 'table', 'ip', 'tessera');
    const chains = table.split('chain vip-').slice(1);
    const address = chains.find((text) => text.includes(`comment "bench_${service}"`))?.split(' ')[0];
    if (!address) throw new Error(`${host.name} has no virtual address of ${service}`);
    return address;
  }

  /** Where the containers of the crowd on a host ask for names. */
  async nameServer(host: Host): Promise<string> {
    const [id = ''] = (await containers(host, 'crowd')).split('\n');
    return onHost(host, 'docker', 'inspect', '-f', '{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}', id);
  }

  async #task(host: Host, service: string): Promise<Place & { address: string }> {
    const id = await containers(host, service);
    const facts = await onHost(
      host,
      'docker',
      'inspect',
      '-f',
      '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      id,
    );
    const [pid = '', address = ''] = facts.split(' ');
    return { host, address, enter: ['nsenter', '--net', '--target', pid] };
  }
}

function containers(host: Host, service: string): Promise<string> {
  return onHost(host, 'docker', 'ps', '-q', '--filter', `label=tessera.service-name=bench_${service}`);
}

/**
 * What one would make by hand for two containers: VXLAN and a bridge in a namespace of their own, so that the host's firewall does not see
 * inside, and a veth from there to each endpoint.
 */
async function plainVxlan(...hosts: [Host, Host]): Promise<void> {
  for (const [at, host] of hosts.entries()) {
    const peer = hosts[1 - at] as Host;
    const { id, port, mtu } = HAND;
    const lines = [
      'netns add hand-switch',
      'netns add hand',
      `link add hand0 mtu ${mtu} type vxlan id ${id} dstport ${port} local ${host.ip} remote ${peer.ip} dev eth0`,
      'link set hand0 netns hand-switch',
      '-n hand-switch link add br0 type bridge',
      '-n hand-switch link add port0 mtu 1450 type veth peer name eth0 mtu 1450 netns hand',
      ...['hand0', 'port0'].map((name) => `-n hand-switch link set ${name} master br0`),
      ...['hand0', 'port0', 'br0'].map((name) => `-n hand-switch link set ${name} up`),
      `-n hand address add ${HAND.addresses[at]}/24 dev eth0`,
      '-n hand link set eth0 up',
    ];
    for (const line of lines) await onHost(host, 'ip', ...line.split(' '));
  }
}

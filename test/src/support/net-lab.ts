import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAMILIES, IPV6 } from '@tessera/agent/plan/network/family';
import { desiredLink, planLinks } from '@tessera/agent/plan/network/links';
import { desiredNeighbours, ndppdConfig } from '@tessera/agent/plan/network/neighbours';
import { PublishedNetworks, planReturns } from '@tessera/agent/plan/network/returns';
import { tableLines } from '@tessera/agent/plan/network/table/skeleton';
import { TablePlanner } from '@tessera/agent/plan/network/table/table-planner';
import type { Underlay } from '@tessera/agent/plan/network/underlay';
import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { run } from '@tessera/bed/run/run';
import { commandOutput } from './test-bed.js';

const SOURCE = new URL('../../testdata/answer.c', import.meta.url).pathname;
export const VNI = 7;
const NODES = [1, 2, 3] as const;
type NodeNumber = (typeof NODES)[number];

/**
 * Three nodes, a client and containers as bare network namespaces on one machine: what the agent plans for a node is given to a real
 * kernel, without agent and engine. Made and gone in a second.
 */
export class NetLab {
  readonly #servers: ChildProcess[] = [];
  readonly #namespaces: string[] = [];

  private constructor(
    private readonly prefix: string,
    private readonly folder: string,
  ) {}

  static async create(): Promise<NetLab> {
    const lab = new NetLab(`tslab${process.pid}`, await mkdtemp(join(tmpdir(), 'net-lab-')));
    try {
      await lab.#build();
      return lab;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  async destroy(): Promise<void> {
    for (const server of this.#servers) server.kill('SIGKILL');
    for (const name of this.#namespaces) await commandOutput('ip', ['netns', 'delete', name]).catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The network as a node knows it. */
  network(node: NodeNumber): NetworkAssignment {
    const peers = NODES.filter((peer) => peer !== node);
    return {
      id: 'net',
      name: 'net',
      vni: VNI,
      subnet: '10.7.0.0/16',
      subnet6: 'fd00:0:0:7::/64',
      block: `10.7.${node}.0/24`,
      vips: '10.7.240.0/20',
      internal: false,
      attachable: false,
      driverOptions: {},
      peers: peers.map((peer) => ({
        nodeId: `n${peer}`,
        address: `192.0.2.1${peer}`,
        addresses6: [`fd01::1${peer}`],
        block: `10.7.${peer}.0/24`,
      })),
    };
  }

  /** Brings what the agent plans for these services into the kernels of all nodes. */
  async apply(services: readonly ServiceEndpoints[], change: Partial<NetworkAssignment> = {}): Promise<void> {
    const added = services.map((after) => ({ id: after.id, before: undefined, after }));
    const published = new PublishedNetworks();
    published.change(added);
    for (const node of NODES) {
      const network = { ...this.network(node), ...change };
      const underlay: Underlay = { address: `192.0.2.1${node}`, device: 'eth0', mtu: 1500 };
      const links = planLinks([desiredLink(network, underlay)], []).filter(({ line }) => !line.startsWith('link add'));
      for (const { tool, line } of [...links, ...planReturns([network], published.ids, [])])
        await this.exec(`n${node}`, ...(tool === 'ip6' ? ['ip', '-6'] : [tool]), ...line.split(' ')).catch((error: Error) => {
          if (!/File exists/.test(error.message)) throw error;
        });
      const tables = FAMILIES.flatMap((family) => {
        const planner = new TablePlanner(family, underlay.address);
        planner.change([network], added);
        return tableLines(family, planner.fragments);
      });
      const input = tables.join('\n').concat('\n');
      await run(['ip', 'netns', 'exec', `${this.prefix}-n${node}`, 'nft', '-f', '-'], { input });
    }
  }

  /** Runs a command in a namespace. @returns what it printed, trimmed. @throws Error when it fails. */
  exec(name: string, ...argv: string[]): Promise<string> {
    return commandOutput('ip', ['netns', 'exec', `${this.prefix}-${name}`, ...argv]);
  }

  /** What a server answers a namespace over HTTP; `undefined` when nothing comes in time. */
  ask(name: string, url: string, limitS = 2): Promise<string | undefined> {
    return this.exec(name, 'curl', '-s', '-m', String(limitS), url).catch(() => undefined);
  }

  /** What a server answers a datagram from a namespace; from the same port each time it is one flow. */
  askDatagram(name: string, host: string, port: number, fromPort = 0): Promise<string | undefined> {
    const script = `import socket
s = socket.socket(socket.AF_INET${host.includes(':') ? '6' : ''}, socket.SOCK_DGRAM)
s.settimeout(2)
s.bind(('', ${fromPort}))
s.sendto(b'x', ('${host}', ${port}))
print(s.recv(200).decode())`;
    return this.exec(name, 'python3', '-c', script).catch(() => undefined);
  }

  /**
   * What several servers answer a namespace, over connections that are open at the same time and all begin at one port of the client: over each
   * one is asked, then over each once more. Clients take one port again as soon as the other end is another one.
   */
  askFromOnePort(name: string, hosts: readonly string[], port: number, fromPort: number): Promise<string[]> {
    const script = `import socket
def ask(s):
  try:
    s.sendall(b'GET / HTTP/1.1\\r\\n\\r\\n')
    return s.recv(400).decode().split('\\r\\n\\r\\n')[1].strip()
  except OSError as error: return str(error)
def connect(host):
  s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
  s.settimeout(2)
  s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  s.bind(('', ${fromPort}))
  try: s.connect((host, ${port}))
  except OSError as error: print(host + ': ' + str(error))
  return s
all = [connect(host) for host in '${hosts.join(' ')}'.split()]
for s in all + all: print(ask(s))`;
    return this.exec(name, 'python3', '-c', script).then((said) => said.split('\n'));
  }

  async #build(): Promise<void> {
    for (const name of ['lan', 'n1', 'n2', 'n3', 'client', 'c1', 'c2', 'd1']) await this.#namespace(name);
    await this.exec('lan', 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    await this.exec('lan', 'ip', 'link', 'set', 'br0', 'up');
    for (const [name, host] of [
      ['n1', 11],
      ['n2', 12],
      ['n3', 13],
      ['client', 50],
    ] as const)
      await this.#plug(name, 'lan', 'br0', `192.0.2.${host}/24`, `fd01::${host}/64`);
    for (const node of NODES) await this.#node(node);
    for (const [name, node, host] of [
      ['c1', 1, 2],
      ['d1', 1, 3],
      ['c2', 2, 2],
    ] as const) {
      await this.#plug(name, `n${node}`, `tsb${VNI}`, `10.7.${node}.${host}/16`, `fd00:0:0:7::${node}0${host}/64`);
      await this.exec(name, 'ip', 'route', 'add', 'default', 'via', `10.7.${node}.1`);
      await this.exec(name, 'ip', '-6', 'route', 'add', 'default', 'via', `fd00:0:0:7::${node}01`);
    }
    const program = join(this.folder, 'answer');
    await commandOutput('gcc', ['-static', '-O2', '-o', program, SOURCE]);
    for (const name of ['c1', 'c2']) {
      const argv = ['netns', 'exec', `${this.prefix}-${name}`, program];
      this.#servers.push(spawn('ip', argv, { env: { ...process.env, VERSION: name }, stdio: 'ignore' }));
    }
  }

  async #namespace(name: string): Promise<void> {
    this.#namespaces.push(`${this.prefix}-${name}`);
    await commandOutput('ip', ['netns', 'add', `${this.prefix}-${name}`]);
    await this.exec(name, 'ip', 'link', 'set', 'lo', 'up');
  }

  /** Connects a namespace with the bridge of another one. */
  async #plug(name: string, to: string, bridge: string, ...addresses: string[]): Promise<void> {
    const [own, far] = [`${this.prefix}-${name}`, `${this.prefix}-${to}`];
    const veth = `v-${name}`;
    await this.exec(to, 'ip', 'link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', own);
    await commandOutput('ip', ['-n', far, 'link', 'set', veth, 'master', bridge, 'up']);
    await commandOutput('ip', ['-n', far, 'link', 'set', veth, 'type', 'bridge_slave', 'hairpin', 'on']);
    for (const address of addresses) await this.#address(name, address, 'eth0');
    await this.exec(name, 'ip', 'link', 'set', 'eth0', 'up');
  }

  /** Good at once: nobody else has it, so that nobody need be asked (`nodad`). */
  #address(name: string, address: string, device: string): Promise<string> {
    return this.exec(name, 'ip', 'address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
  }

  /** What Docker and the agent's kernel adapter would do on a node. */
  async #node(node: NodeNumber): Promise<void> {
    const [name, bridge, vxlan] = [`n${node}`, `tsb${VNI}`, `tsv${VNI}`];
    // One of its own, as Docker gives it: else it changes with the ports that come.
    await this.exec(name, 'ip', 'link', 'add', bridge, 'address', `02:42:00:00:00:0${node}`, 'type', 'bridge');
    await this.#address(name, `10.7.${node}.1/16`, bridge);
    await this.#address(name, `${IPV6.addressing(this.network(node)).gateway}/64`, bridge);
    await this.exec(name, 'ip', 'link', 'set', bridge, 'up');
    await this.exec(name, 'ip', 'route', 'add', 'default', 'via', '192.0.2.1');
    const underlay: Underlay = { address: `192.0.2.1${node}`, device: 'eth0', mtu: 1500 };
    const [add] = planLinks([desiredLink(this.network(node), underlay)], []);
    await this.exec(name, 'ip', ...(add?.line ?? '').split(' '));
    await this.exec(name, 'ip', 'address', 'add', `10.7.${node}.1/32`, 'dev', vxlan, 'noprefixroute');
    const settings = ['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.route_localnet=1', 'net.bridge.bridge-nf-call-iptables=1'];
    settings.push(`net.ipv4.conf.${vxlan}.rp_filter=2`, `net.ipv4.conf.${bridge}.proxy_arp=1`, `net.ipv4.neigh.${bridge}.proxy_delay=0`);
    settings.push('net.ipv6.conf.all.forwarding=1', 'net.bridge.bridge-nf-call-ip6tables=1');
    await this.exec(name, 'sysctl', '-qw', ...settings);
    await this.#answerNeighbours(node);
  }

  async #answerNeighbours(node: NodeNumber): Promise<void> {
    const file = join(this.folder, `n${node}.conf`);
    const [range] = desiredNeighbours([this.network(node)]);
    if (range) await writeFile(file, ndppdConfig(range, { index: 0, hardwareAddress: '' }));
    this.#servers.push(spawn('ip', ['netns', 'exec', `${this.prefix}-n${node}`, 'ndppd', '-c', file], { stdio: 'ignore' }));
  }
}

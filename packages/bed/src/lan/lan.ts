import { mkdir } from 'node:fs/promises';
import type { Clock } from '@tessera/kit';
import { Box } from '../box/box.js';
import { initScript } from '../box/init-script.js';
import type { CgroupTree } from '../cgroup/cgroup-tree.js';
import { type AddressPlan, addressPlan, hostAddress, hostMac, PREFIX_LENGTH } from '../plan/address-plan.js';
import { portName, uplinkName } from '../plan/names.js';
import { run } from '../run/run.js';
import type { ClusterPaths } from '../state/paths.js';
import { startRegistry } from './registry.js';

const BRIDGE = 'br0';
/** Pairs of ports between which the bridge forwards nothing. */
const CUT_SET = 'bridge tessera_bed cut';

const RULES = `table bridge tessera_bed {
  set cut { type ifname . ifname; }
  chain forward { type filter hook forward priority 0; iifname . oifname @cut drop; }
}
`;

const SYSCTLS: Record<string, string> = {
  // Frames between hosts are not the business of the LAN's own firewall.
  'net/bridge/bridge-nf-call-iptables': '0',
  'net/bridge/bridge-nf-call-ip6tables': '0',
  'net/bridge/bridge-nf-call-arptables': '0',
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/default/send_redirects': '0',
};

/** The network that the hosts are plugged into: a bridge in a box of its own, with the gateway and the registry. */
export class Lan {
  readonly #box: Box;
  readonly #paths: ClusterPaths;
  readonly #clock: Clock;
  readonly addresses: AddressPlan;

  constructor(subnet: number, paths: ClusterPaths, cgroup: CgroupTree, clock: Clock) {
    this.addresses = addressPlan(subnet);
    this.#box = new Box('the LAN', paths.lan, cgroup.child('lan'), clock);
    this.#paths = paths;
    this.#clock = clock;
  }

  /** Makes bridge, gateway and the machine's own link. @param internet whether the gateway routes to the machine. */
  async start(internet: boolean, signal?: AbortSignal): Promise<void> {
    await mkdir(this.#paths.lan.registryData, { recursive: true });
    const sysctls = Object.entries(SYSCTLS).map(([key, value]) => `echo ${value} > /proc/sys/${key}`);
    const setup = ['mount -t proc proc /proc', 'mount -t sysfs sysfs /sys', ...bridgeFirst(sysctls)];
    const script = initScript(setup, this.#paths.lan.leader, this.#box.cgroup.path);
    await this.#box.start({ role: 'pid-1', script, signal });
    await this.#box.network(['nft', '-f', '-'], RULES);
    const { gateway, machine, subnet } = this.addresses;
    await this.#batch([`addr add ${gateway}/${PREFIX_LENGTH} dev ${BRIDGE}`, `link set ${BRIDGE} up`]);
    await this.#plugIn(uplinkName(subnet), '1', 'uplink', []);
    const machineLink = [`addr add ${machine}/${PREFIX_LENGTH} dev ${uplinkName(subnet)}`, `link set ${uplinkName(subnet)} up`];
    await run(['ip', '-batch', '-'], { input: machineLink.join('\n') });
    if (internet) await this.#batch([`route add default via ${machine}`]);
  }

  /** Starts the registry and waits until it answers. */
  async startRegistry(signal?: AbortSignal): Promise<void> {
    await startRegistry(this.#box, this.addresses, this.#paths.lan, this.#clock, signal);
  }

  /** Whether the LAN is up. */
  async isUp(): Promise<boolean> {
    return (await this.#box.leader()) !== undefined;
  }

  /** Plugs a host in as its eth0, with address and default route. @param pid of the host's pid 1. */
  async attach(index: number, pid: number): Promise<void> {
    const { subnet, gateway } = this.addresses;
    await this.#plugIn('eth0', String(pid), portName(index), ['address', hostMac(subnet, index)]);
    const address = `${hostAddress(subnet, index)}/${PREFIX_LENGTH}`;
    const lines = [`addr add ${address} dev eth0`, 'link set eth0 up', `route add default via ${gateway}`];
    await run(['nsenter', '--target', String(pid), '--net', 'ip', '-batch', '-'], { input: lines.join('\n') });
  }

  /** Makes the tap device that a virtual machine's network card is to be: its system gives itself the address. */
  async attachTap(index: number): Promise<void> {
    const port = portName(index);
    await this.#box.network(['ip', 'tuntap', 'add', port, 'mode', 'tap']);
    await this.#batch([`link set ${port} master ${BRIDGE} up`]);
  }

  /** The process whose network namespace holds the bridge and its ports. @throws Error when the LAN is off. */
  async pid(): Promise<number> {
    const leader = await this.#box.leader();
    if (!leader) throw new Error('the LAN is off');
    return leader.pid;
  }

  /** Removes a host's link at once; the kernel would take its time after the host's end. Idempotent. */
  async detach(index: number): Promise<void> {
    const port = portName(index);
    // The kernel may remove it between any two looks: what counts is that it is gone.
    await this.#box.network(['sh', '-c', `ip link del ${port} 2> /dev/null || ! ip link show ${port} > /dev/null 2>&1`]);
  }

  /** Pulls (`false`) or plugs (`true`) a host's cable. */
  async setLink(index: number, up: boolean): Promise<void> {
    await this.#batch([`link set ${portName(index)} ${up ? 'up' : 'down'}`]);
  }

  /** Drops everything between two hosts. Idempotent; outlasts their power cycles. */
  async cut(a: number, b: number): Promise<void> {
    await this.#box.network(['nft', `add element ${CUT_SET} { ${bothWays(a, b)} }`]);
  }

  /** Undoes {@link cut}. Idempotent. */
  async heal(a: number, b: number): Promise<void> {
    // Deleting what is not there is an error for nft: so it is added first, in the same transaction.
    const pairs = bothWays(a, b);
    await this.#box.network(['nft', `add element ${CUT_SET} { ${pairs} }; delete element ${CUT_SET} { ${pairs} }`]);
  }

  /** Makes a pair of links: `name` in the namespace of process `pid`, `port` on the bridge. */
  async #plugIn(name: string, pid: string, port: string, extra: string[]): Promise<void> {
    const lan = String(await this.pid());
    await run(['ip', 'link', 'add', port, 'netns', lan, 'type', 'veth', 'peer', 'name', name, 'netns', pid].concat(extra));
    await this.#batch([`link set ${port} master ${BRIDGE} up`]);
  }

  async #batch(lines: string[]): Promise<void> {
    await this.#box.network(['ip', '-batch', '-'], lines.join('\n'));
  }
}

/** The bridge must exist before its sysctls do. */
function bridgeFirst(sysctls: string[]): string[] {
  return [`ip link add ${BRIDGE} type bridge`, ...sysctls];
}

function bothWays(a: number, b: number): string {
  return `"${portName(a)}" . "${portName(b)}", "${portName(b)}" . "${portName(a)}"`;
}

import { Client, type Manager, type Node } from '@tessera/api';
import { SystemClock, SystemRandom, silentLog } from '@tessera/kit';
import { HttpsTransport } from '@tessera/kit/transport/index';
import { openKv } from '@tessera/manager/adapters/kv/open';
import type { Kv } from '@tessera/manager/ports/kv';
import { eventually, type HostDaemon, TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 30_000;
const ETCD_PORT = 2379;
const MANAGER_PORT = 4600;
const NODES = 'tessera/v1/nodes/';

/** A manager with its own client: what it says itself, not what any manager says. */
export interface Member {
  daemon: HostDaemon;
  address: string;
  client: Client;
  transport: HttpsTransport;
}

/** A cluster with managers in its first hosts, on one etcd, whose records of nodes are watched all the time. */
export class ManagedCluster {
  /** Every state that the store has had of a node that is not ready. */
  readonly lapses: string[] = [];

  private constructor(
    readonly cluster: TestCluster,
    readonly members: readonly Member[],
    private readonly kv: Kv,
  ) {}

  /** @param what short and unique among the tests */
  static async create(what: string, managers: number): Promise<ManagedCluster> {
    const cluster = await TestCluster.create({ what, store: 'etcd', hosts: 3, managers });
    try {
      const clock = new SystemClock();
      const members = cluster.managers.map((daemon): Member => {
        const address = `${daemon.host.ip}:${MANAGER_PORT}`;
        const transport = new HttpsTransport({ addresses: [address], credentials: cluster.admin, clock });
        return { daemon, address, transport, client: new Client(transport) };
      });
      const kv = await openKv(`etcd://${cluster.host(0).ip}:${ETCD_PORT}`, { clock, random: new SystemRandom(), log: silentLog });
      const made = new ManagedCluster(cluster, members, kv);
      await made.#watch();
      return made;
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  async destroy(): Promise<void> {
    for (const { transport } of this.members) transport.close();
    await this.kv.close();
    await this.cluster.destroy();
  }

  async #watch(): Promise<void> {
    const { revision } = await this.kv.range(NODES);
    this.kv.watch(NODES, {
      fromRevision: revision + 1,
      onEvents: (events) => {
        for (const event of events) {
          if (event.type === 'delete') continue;
          const { name, status } = JSON.parse(String(event.entry.value)) as Node;
          if (status.state !== 'ready') this.lapses.push(`${name} ${status.state}: ${status.message}`);
        }
      },
      onEnd: (reason) => this.lapses.push(`the watch of the test ended: ${reason}`),
    });
  }

  async managers(): Promise<Manager[]> {
    const { entries } = await this.kv.range('tessera/v1/managers/');
    return entries.map(({ key, value }) => ({ ...(JSON.parse(String(value)) as Manager), id: key.split('/').at(-1) ?? '' }));
  }

  async idOf({ address }: Member): Promise<string | undefined> {
    return (await this.managers()).find(({ addresses }) => addresses.includes(address))?.id;
  }

  nodes(): Promise<Node[]> {
    return this.kv.range(NODES).then(({ entries }) => entries.map(({ value }) => JSON.parse(String(value)) as Node));
  }

  async leader(): Promise<Member> {
    for (const member of this.members) if ((await member.client.call('getInfo', {}).catch(() => undefined))?.leader) return member;
    throw new Error('no manager leads');
  }

  /** Waits until all nodes are served by managers that run, and only so many run: then nobody judges any node for its manager. */
  async served(managers: number): Promise<void> {
    const isServed = async (): Promise<boolean> => {
      const ids = (await this.managers()).map(({ id }) => id);
      return ids.length === managers && (await this.nodes()).every(({ session }) => ids.includes(session?.manager ?? ''));
    };
    await eventually(isServed, `all nodes to be served by the ${managers} managers`, LIMIT_MS);
  }
}

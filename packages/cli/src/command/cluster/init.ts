import { isIPv6 } from 'node:net';
import { parseRange } from '@tessera/api/net/ipv4';
import { usageFailure } from '../../failure.js';
import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';

interface InitOptions {
  name?: string;
  dataDir?: string;
  address?: string[];
  port?: string;
  addressPool?: string;
  use?: boolean;
}

export const command = defineCommand<InitOptions>({
  options: [
    { flags: '--name <name>', summary: 'name of the cluster and of the context; "default" when absent' },
    { flags: '--data-dir <path>', summary: "the manager's data directory; /var/lib/tessera when absent" },
    { flags: '--address <address>', summary: 'name or address at which nodes and users reach this manager', repeat: true },
    { flags: '--port <port>', summary: 'port of the manager; 4600 when absent' },
    { flags: '--address-pool <cidr>', summary: 'networks are cut from it; 10.128.0.0/9 when absent' },
    { flags: '--no-use', summary: 'do not make the new context the current one' },
  ],
  details:
    "Run it once, on the manager's host, before tessera-manager starts: makes the cluster's authority and keys in the data directory and a context for this user, and prints the join tokens. They are shown this once; only their hashes are kept.",
  examples: [{ line: 'tsctl cluster init --name prod --address 10.0.0.5', does: 'a new cluster whose manager is at 10.0.0.5' }],
  async run(session, _args, options) {
    const { name = 'default', address = [], port, use = true } = options;
    if (address.length === 0) throw usageFailure('--address is missing', 'give the address at which nodes and users reach this manager');
    if (options.addressPool !== undefined && parseRange(options.addressPool) === undefined)
      throw usageFailure(`--address-pool ${options.addressPool} is no IPv4 network`, 'write it as 10.128.0.0/9, with its first address');
    const { createCluster } = await import('../../cluster/create-cluster.js');
    const { DEFAULT_DATA_DIR } = await import('@tessera/kit/pki/data-dir');
    const { DEFAULT_MANAGER_PORT } = await import('@tessera/kit/transport/address');
    const dataDir = options.dataDir ?? DEFAULT_DATA_DIR;
    const listenPort = port ?? String(DEFAULT_MANAGER_PORT);
    if (!isPort(listenPort)) throw usageFailure(`--port ${listenPort} is no port`, 'write a number from 1 to 65535');
    await refuseSecondCluster(dataDir);
    const endpoints = address.map((each) => `https://${isIPv6(each) ? `[${each}]` : each}:${listenPort}`);
    const cluster = await createCluster(session.io, {
      name,
      dataDir,
      addresses: address,
      endpoints,
      use,
      addressPool: options.addressPool,
    });
    if (wantsData(session)) {
      await printData(session, cluster);
      return 0;
    }
    session.print(
      `cluster ${name} (${cluster.clusterId}) made in ${dataDir}; context ${name} added`,
      '',
      'start the manager:',
      `  tessera-manager --data-dir ${dataDir} --listen 0.0.0.0:${listenPort}`,
      'then on each host that is to run tasks:',
      `  tessera-agent join --manager ${endpoints[0]} --token ${cluster.workerToken}`,
      'for further managers the token is:',
      `  ${cluster.managerToken}`,
    );
    return 0;
  },
});

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

async function refuseSecondCluster(dataDir: string): Promise<void> {
  const { findCluster } = await import('@tessera/kit/pki/cluster-init');
  const present = await findCluster(dataDir);
  if (present === undefined) return;
  throw usageFailure(
    `${dataDir} holds a cluster already (${present})`,
    'choose another --data-dir, or remove this one if its cluster is to be lost for good',
  );
}

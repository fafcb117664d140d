import type { Network, NetworkUse } from '@tessera/api';
import { printListing } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { defineCommand } from '../define.js';
import { QUIET } from '../options.js';

export const command = defineCommand<{ quiet?: boolean }>({
  options: [QUIET],
  examples: [{ line: 'tsctl network ls', does: 'all networks' }],
  async run(session, _args, { quiet }) {
    const client = await session.client();
    const [networks, uses] = await Promise.all([client.call('listNetworks', {}), client.call('listNetworkUse', {})]);
    const rows = networks
      .map((network): Row => ({ ...network, ...useOf(network, uses) }))
      .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
    await printListing(session, {
      columns: COLUMNS,
      rows,
      data: rows,
      ids: rows.map(({ id }) => id),
      quiet,
      empty: 'no networks',
    });
    return 0;
  },
});

type Row = Network & { use?: Omit<NetworkUse, 'networkId'> };

/** Nothing for one that was made or removed between the two answers. */
function useOf({ id }: Network, uses: readonly NetworkUse[]): Pick<Row, 'use'> {
  const found = uses.find(({ networkId }) => networkId === id);
  return found ? { use: { used: found.used, free: found.free, encrypted: found.encrypted } } : {};
}

/** Docker's columns, and what one looks for next. A network of the cluster spans its nodes; others are those of each node. */
const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id, wide: true },
  { title: 'NAME', value: ({ spec }) => spec.name },
  { title: 'DRIVER', value: ({ spec }) => spec.driver },
  { title: 'SCOPE', value: ({ spec }) => (spec.driver === 'overlay' ? 'cluster' : 'node') },
  { title: 'STACK', value: ({ spec }) => spec.stack ?? '-', shrink: true },
  { title: 'SUBNET', value: ({ allocation, spec }) => allocation?.subnet ?? spec.subnet ?? '-' },
  { title: 'IPV6', value: ({ allocation, spec }) => allocation?.subnet6 ?? spec.subnet6 ?? (spec.ipv6 ? 'yes' : 'no') },
  { title: 'USED', value: ({ use }) => String(use?.used ?? '-'), right: true },
  { title: 'FREE', value: ({ use }) => String(use?.free ?? '-'), right: true },
  { title: 'ENCRYPTED', value: ({ use }) => (use?.encrypted ? 'yes' : 'no') },
  { title: 'INTERNAL', value: ({ spec }) => (spec.internal ? 'yes' : 'no') },
  { title: 'VNI', value: ({ allocation }) => String(allocation?.vni ?? '-'), wide: true },
];

import type { Network } from '@tessera/api';
import { printListing } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { defineCommand } from '../define.js';
import { QUIET } from '../options.js';

export const command = defineCommand<{ quiet?: boolean }>({
  options: [QUIET],
  examples: [{ line: 'tsctl network ls', does: 'all networks' }],
  async run(session, _args, { quiet }) {
    const client = await session.client();
    const networks = (await client.call('listNetworks', {})).sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
    await printListing(session, {
      columns: COLUMNS,
      rows: networks,
      data: networks,
      ids: networks.map((network) => network.id),
      quiet,
      empty: 'no networks',
    });
    return 0;
  },
});

const COLUMNS: readonly Column<Network>[] = [
  { title: 'ID', value: (network) => network.id, wide: true },
  { title: 'NAME', value: (network) => network.spec.name },
  { title: 'DRIVER', value: (network) => network.spec.driver },
  { title: 'SUBNET', value: (network) => network.allocation?.subnet ?? network.spec.subnet ?? '-' },
  { title: 'STACK', value: (network) => network.spec.stack ?? '-', shrink: true },
  { title: 'INTERNAL', value: (network) => (network.spec.internal ? 'yes' : 'no') },
  { title: 'VNI', value: (network) => String(network.allocation?.vni ?? '-'), wide: true },
];

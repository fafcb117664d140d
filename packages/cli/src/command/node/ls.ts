import type { Node } from '@tessera/api';
import { formatTaint } from '@tessera/api/placement/taint';
import { printListing } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { formatBytes, formatCpus, formatDuration } from '../../output/units.js';
import { defineCommand } from '../define.js';
import { QUIET } from '../options.js';

export const command = defineCommand<{ quiet?: boolean }>({
  options: [QUIET],
  examples: [
    { line: 'tsctl node ls', does: 'all nodes' },
    { line: 'tsctl node ls -o wide', does: 'with labels, versions and ids' },
  ],
  async run(session, _args, { quiet }) {
    const client = await session.client();
    const nodes = (await client.call('listNodes', {})).sort((a, b) => (a.name < b.name ? -1 : 1));
    const ids = nodes.map((node) => node.id);
    const empty = 'no nodes yet: run tessera-agent join on a host (tsctl cluster token rotate worker makes a token)';
    await printListing(session, { columns: columnsAt(session.io.clock.now()), rows: nodes, data: nodes, ids, quiet, empty });
    return 0;
  },
});

function columnsAt(nowMs: number): Column<Node>[] {
  return [
    { title: 'ID', value: (node) => node.id, wide: true },
    { title: 'NAME', value: (node) => node.name, shrink: true },
    {
      title: 'STATUS',
      value: (node) => `${node.status.state} ${formatDuration(nowMs - node.status.at)}`,
      paint: (text, node, style) => (node.status.state === 'ready' ? style.green(text) : style.red(text)),
    },
    { title: 'AVAILABILITY', value: (node) => node.spec.availability },
    { title: 'ADDRESS', value: (node) => node.description?.address ?? '-' },
    { title: 'CPUS', value: (node) => (node.description ? formatCpus(node.description.resources.nanoCpus) : '-'), right: true },
    { title: 'MEMORY', value: (node) => (node.description ? formatBytes(node.description.resources.memoryBytes) : '-'), right: true },
    { title: 'ROLE', value: (node) => node.spec.role, wide: true },
    {
      title: 'LABELS',
      value: (node) =>
        Object.entries(node.spec.labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
      wide: true,
    },
    { title: 'TAINTS', value: (node) => (node.spec.taints ?? []).map(formatTaint).join(','), wide: true },
    { title: 'ENGINE', value: (node) => node.description?.engine.version ?? '-', wide: true },
    { title: 'AGENT', value: (node) => node.description?.agentVersion ?? '-', wide: true },
    { title: 'MESSAGE', value: (node) => (node.status.state === 'ready' ? '' : node.status.message), shrink: true },
  ];
}

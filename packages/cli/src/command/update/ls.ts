import type { ServiceProgress } from '@tessera/api';
import { printListing } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { formatDuration } from '../../output/units.js';
import { defineCommand } from '../define.js';
import { QUIET } from '../options.js';

export const command = defineCommand<{ quiet?: boolean }>({
  arguments: '[stack]',
  options: [QUIET],
  examples: [
    { line: 'tsctl update ls', does: 'how far updates are, and why they stand still' },
    { line: 'tsctl update ls shop', does: 'those of one stack' },
  ],
  async run(session, [stack], { quiet }) {
    const client = await session.client();
    const progress = await client.call('listProgress', { query: stack === undefined ? {} : { stack } });
    const updated = progress.filter((service) => service.update !== undefined);
    await printListing(session, {
      columns: columns(session.io.clock.now()),
      rows: updated,
      data: updated,
      ids: updated.map((service) => service.serviceId),
      quiet,
      empty: 'no service was updated yet',
    });
    return 0;
  },
});

const columns = (nowMs: number): readonly Column<ServiceProgress>[] => [
  { title: 'SERVICE', value: (service) => service.name },
  { title: 'STATE', value: (service) => service.update?.state ?? '' },
  { title: 'NEW', value: (service) => `${service.updated}/${service.desired}` },
  { title: 'BEGAN', value: (service) => `${formatDuration(nowMs - (service.update?.startedAt ?? nowMs))} ago` },
  { title: 'MESSAGE', value: (service) => service.update?.message ?? '', shrink: true },
];

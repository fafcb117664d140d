import { printListing } from '../../output/print.js';
import { formatDuration } from '../../output/units.js';
import { defineCommand } from '../define.js';

export const command = defineCommand<{ quiet?: boolean }>({
  options: [{ flags: '-q, --quiet', summary: 'names only' }],
  examples: [{ line: 'tsctl dev ls', does: 'the development clusters of this machine' }],
  async run(session, _args, { quiet }) {
    const { Bed } = await import('@tessera/bed');
    const beds = await Bed.list(session.io.clock);
    const nowMs = session.io.clock.now();
    await printListing(session, {
      columns: [
        { title: 'NAME', value: (bed) => bed.name },
        { title: 'KIND', value: (bed) => bed.kind },
        { title: 'HOSTS', value: (bed) => `${bed.hosts.filter((host) => host.on).length}/${bed.hosts.length}`, right: true },
        { title: 'ADDRESSES', value: (bed) => bed.hosts.map((host) => host.ip).join(', '), shrink: true },
        { title: 'AGE', value: (bed) => formatDuration(nowMs - bed.createdAtMs) },
      ],
      rows: beds,
      data: beds,
      ids: beds.map((bed) => bed.name),
      quiet,
      empty: 'no development clusters: tsctl dev up makes one',
    });
    return 0;
  },
});

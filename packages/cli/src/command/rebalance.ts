import type { RebalanceResult } from '@tessera/api';
import { EXIT } from '../exit.js';
import { printData, printListing, wantsData } from '../output/print.js';
import { counted } from '../output/units.js';
import { livingTasks, waitGone } from '../wait/gone.js';
import { defineCommand } from './define.js';
import { onlyExisting } from './lookup.js';
import { DETACH } from './options.js';
import { positiveValue } from './parse.js';

const DEFAULT_MAX = 10;

interface RebalanceOptions {
  max?: number;
  dryRun?: boolean;
  detach?: boolean;
}

export const command = defineCommand<RebalanceOptions>({
  arguments: '[service]',
  options: [
    { flags: '--max <moves>', summary: `no more moves than this (${DEFAULT_MAX} unless given)`, parse: positiveValue },
    { flags: '--dry-run', summary: 'only say which tasks would move where' },
    DETACH,
  ],
  details:
    'Moves tasks to where the scheduler would put them now, as far as that makes their spread more even: each successor runs before its task stops. Services at rest only; those of which two tasks must not run side by side stay. x-rebalance in the Compose file does the same all the time.',
  examples: [
    { line: 'tsctl rebalance --dry-run', does: 'what would move, of all services' },
    { line: 'tsctl rebalance --max 3 shop_web', does: 'move three tasks of one service at most, and wait' },
  ],
  async run(session, [service], { max = DEFAULT_MAX, dryRun = false, detach }) {
    const client = await session.client();
    const body = { max, dryRun, ...(service !== undefined && { service }) };
    const result = await onlyExisting(client.call('rebalance', { body }), 'service', service ?? '');
    session.note(...result.skipped.map((skipped) => `${skipped.service} stays as it is: ${skipped.reason}`));
    await show(session, result);
    if (result.moves.length === 0) return service !== undefined && result.skipped.length > 0 ? EXIT.failed : EXIT.ok;
    if (dryRun || detach) return EXIT.ok;
    const ids = new Set(result.moves.map(({ taskId }) => taskId));
    await waitGone(session, {
      what: 'the rebalancing',
      kinds: ['tasks'],
      remaining: (each) => livingTasks(each, (task) => ids.has(task.id)),
      hint: `see: tsctl ps ${service ?? ''}`.trimEnd(),
    });
    session.note(`${counted(ids.size, 'task')} moved`);
    return EXIT.ok;
  },
});

async function show(session: Parameters<typeof printListing>[0], result: RebalanceResult): Promise<void> {
  if (wantsData(session)) return printData(session, result);
  await printListing(session, {
    columns: [
      { title: 'TASK', value: ({ service, slot, taskId }) => `${service}.${slot ?? taskId.slice(0, 12)}` },
      { title: 'FROM', value: ({ from }) => from },
      { title: 'TO', value: ({ to }) => to },
    ],
    rows: result.moves,
    data: result,
    ids: result.moves.map(({ taskId }) => taskId),
    empty: 'nothing to move: the spread is as even as it can be',
  });
}

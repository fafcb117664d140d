import type { StackSummary } from '@tessera/api';
import { printListing } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { formatDuration } from '../../output/units.js';
import { defineCommand } from '../define.js';
import { QUIET } from '../options.js';

export const command = defineCommand<{ quiet?: boolean }>({
  options: [QUIET],
  examples: [
    { line: 'tsctl ls', does: 'all stacks' },
    { line: 'tsctl ls -o json', does: 'for programs' },
  ],
  async run(session, _args, { quiet }) {
    const client = await session.client();
    const stacks = (await client.call('listStacks', {})).sort((a, b) => (a.name < b.name ? -1 : 1));
    const ids = stacks.map((stack) => stack.name);
    await printListing(session, {
      columns: columnsAt(session.io.clock.now()),
      rows: stacks,
      data: stacks,
      ids,
      quiet,
      empty: 'no stacks yet: tsctl deploy -f compose.yml',
    });
    return 0;
  },
});

function columnsAt(nowMs: number): Column<StackSummary>[] {
  return [
    { title: 'NAME', value: (stack) => stack.name, shrink: true },
    { title: 'SERVICES', value: (stack) => String(stack.services), right: true },
    { title: 'TASKS', value: (stack) => `${stack.tasksRunning}/${stack.tasksDesired}`, right: true },
    {
      title: 'STATE',
      value: (stack) => (stack.converged ? 'converged' : 'converging'),
      paint: (text, stack, style) => (stack.converged ? style.green(text) : style.yellow(text)),
    },
    { title: 'UPDATED', value: (stack) => `${formatDuration(nowMs - stack.updatedAt)} ago` },
  ];
}

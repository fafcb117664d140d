import type { PlanResult } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { printData, wantsData } from '../../output/print.js';
import { type Column, renderTable } from '../../output/table.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';
import { changeLines } from './change-lines.js';
import { COMPOSE_OPTIONS, type ComposeOptions, loadStack } from './compose-files.js';

interface PlanOptions extends ComposeOptions {
  prune?: boolean;
  exitCode?: boolean;
}

type PlannedTask = PlanResult['tasks'][number];

export const command = defineCommand<PlanOptions>({
  arguments: '[name]',
  options: [
    ...COMPOSE_OPTIONS,
    { flags: '--prune', summary: 'as if the deploy had --prune' },
    { flags: '--exit-code', summary: 'exit code 3 when a deploy would change something' },
  ],
  details: 'Asks the manager what a deploy would do, with the same planners that would do it. Changes nothing.',
  examples: [
    { line: 'tsctl plan -f compose.yml shop', does: 'what would change, and on which nodes' },
    { line: 'tsctl plan --exit-code -f compose.yml shop', does: 'for scripts: 0 nothing to do, 3 changes' },
  ],
  async run(session, args, options) {
    const spec = await loadStack(session, args[0], options);
    const client = await session.client();
    const plan = await client.call('planStack', { params: { ref: spec.name }, query: { prune: options.prune ?? false }, body: spec });
    if (wantsData(session)) await printData(session, plan);
    else await printPlan(session, plan);
    const changes = plan.changes.some((change) => change.outcome !== 'unchanged');
    return options.exitCode && changes ? EXIT.changes : EXIT.ok;
  },
});

async function printPlan(session: Session, { changes, tasks, unplaced }: PlanResult): Promise<void> {
  const { style, io } = session;
  session.print(...changeLines(changes, style));
  const moving = tasks.filter((task) => task.action !== 'keep');
  if (moving.length > 0) {
    const width = io.stdout.isTerminal ? io.stdout.columns : undefined;
    session.print('', ...(await renderTable(COLUMNS, moving, { width, style })));
  }
  if (unplaced.length > 0) session.print('', style.red('Without a node:'), ...unplaced.map((line) => `  ${line}`));
  if (moving.length === 0 && changes.every((change) => change.outcome === 'unchanged')) session.print('nothing to do');
}

const COLUMNS: readonly Column<PlannedTask>[] = [
  { title: 'TASK', value: (task) => (task.slot === undefined ? task.service : `${task.service}.${task.slot}`) },
  { title: 'ACTION', value: (task) => task.action },
  { title: 'NODE', value: (task) => task.node ?? '-' },
  { title: 'WHY', value: (task) => task.reason ?? '', shrink: true },
];

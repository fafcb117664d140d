import type { PlanResult } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { printData, wantsData } from '../../output/print.js';
import { type Column, renderTable } from '../../output/table.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';
import { changeLines, warningLines } from './change-lines.js';
import { COMPOSE_OPTIONS, type ComposeOptions, loadStack, RESOLVE_IMAGE, type ResolveOptions } from './compose-files.js';

interface PlanOptions extends ComposeOptions, ResolveOptions {
  prune?: boolean;
  exitCode?: boolean;
}

/** Enough of the hash to tell plans apart. */
const HASH_SHOWN = 12;

type PlannedTask = PlanResult['tasks'][number];

export const command = defineCommand<PlanOptions>({
  arguments: '[name]',
  options: [
    ...COMPOSE_OPTIONS,
    RESOLVE_IMAGE,
    { flags: '--prune', summary: 'as if the deploy had --prune' },
    { flags: '--exit-code', summary: 'exit code 3 when a deploy would change something' },
  ],
  details:
    'Asks the manager what a deploy would do, with the same planners and scheduler that would do it: which tasks come and go on which nodes, in which steps, and which would find no node and why. Changes nothing. The hash that it prints stands for all of that: a deploy with --plan and the hash does this or nothing.',
  examples: [
    { line: 'tsctl plan -f compose.yml shop', does: 'what would change, and on which nodes' },
    { line: 'tsctl deploy -f compose.yml --plan 1a2b3c4d5e6f shop', does: 'do just what a plan said' },
    { line: 'tsctl plan --exit-code -f compose.yml shop', does: 'for scripts: 0 nothing to do, 3 changes' },
  ],
  async run(session, args, options) {
    const spec = await loadStack(session, args[0], options);
    const client = await session.client();
    const { prune = false, resolveImage = 'always' } = options;
    const query = { prune, resolve: resolveImage };
    const plan = await client.call('planStack', { params: { ref: spec.name }, query, body: spec });
    session.note(...warningLines(plan.warnings, session.errorStyle));
    if (wantsData(session)) await printData(session, plan);
    else await printPlan(session, plan);
    const changes = plan.changes.some((change) => change.outcome !== 'unchanged');
    return options.exitCode && changes ? EXIT.changes : EXIT.ok;
  },
});

async function printPlan(session: Session, { changes, tasks, unplaced, hash }: PlanResult): Promise<void> {
  const { style, io } = session;
  session.print(...changeLines(changes, style));
  const moving = tasks.filter((task) => task.action !== 'keep').sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  if (moving.length > 0) {
    const width = io.stdout.isTerminal ? io.stdout.columns : undefined;
    session.print('', ...(await renderTable(COLUMNS, moving, { width, style })));
  }
  if (unplaced.length > 0) session.print('', style.red('Without a node:'), ...unplaced.map((line) => `  ${line}`));
  if (moving.length === 0 && changes.every((change) => change.outcome === 'unchanged')) session.print('nothing to do');
  session.print('', `plan ${hash.slice(0, HASH_SHOWN)}: tsctl deploy --plan ${hash.slice(0, HASH_SHOWN)} does this or nothing`);
}

/** `node1 -> node3` for a task that takes the place of one on another node. */
function nodesOf({ node = '-', from }: PlannedTask): string {
  return from === undefined ? node : `${from} -> ${node}`;
}

const COLUMNS: readonly Column<PlannedTask>[] = [
  { title: 'TASK', value: (task) => (task.slot === undefined ? task.service : `${task.service}.${task.slot}`) },
  { title: 'ACTION', value: (task) => task.action },
  { title: 'STEP', value: (task) => (task.step === undefined ? '' : String(task.step)), right: true },
  { title: 'NODE', value: (task) => nodesOf(task) },
  { title: 'WHY', value: (task) => task.reason ?? '', shrink: true },
];

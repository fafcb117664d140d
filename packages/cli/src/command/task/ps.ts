import type { Client, Node, Task } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { Failure } from '../../failure.js';
import { printListing } from '../../output/print.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';
import { ifFound } from '../lookup.js';
import { QUIET } from '../options.js';
import { taskColumns, taskRows } from './task-table.js';

interface PsOptions {
  all?: boolean;
  quiet?: boolean;
  node?: string;
}

export const command = defineCommand<PsOptions>({
  arguments: '[stack-or-service...]',
  options: [
    { flags: '-a, --all', summary: 'also tasks that have ended' },
    { flags: '--node <node>', summary: 'only tasks on this node' },
    QUIET,
  ],
  examples: [
    { line: 'tsctl ps', does: 'every live task' },
    { line: 'tsctl ps shop', does: 'the tasks of the stack shop' },
    { line: 'tsctl ps -a shop_web', does: 'a service, with what ended before, and why' },
  ],
  async run(session, args, options) {
    const client = await session.client();
    const scopes = await Promise.all(args.map((reference) => scopeOf(client, reference)));
    await listTasks(session, client, scopes.length === 0 ? [{}] : scopes, options);
    return 0;
  },
});

interface Scope {
  stack?: string;
  service?: string;
  node?: string;
}

/** Prints the tasks of all scopes together; shared with `service ps`, `stack ps` and `node ps`. */
export async function listTasks(
  session: Session,
  client: Client,
  scopes: readonly Scope[],
  { all = false, quiet, node }: PsOptions,
): Promise<void> {
  const [lists, services, nodes] = await Promise.all([
    Promise.all(scopes.map((scope) => client.call('listTasks', { query: { ...scope, ...(node !== undefined && { node }), all } }))),
    client.call('listServices', { query: {} }),
    client.call('listNodes', {}),
  ]);
  const tasks = inOrder(lists.flat(), nodes);
  const rows = taskRows(tasks, services, nodes);
  const empty = all ? 'no tasks' : 'no live tasks; those that have ended: tsctl ps -a';
  await printListing(session, {
    columns: taskColumns(session.io.clock.now()),
    rows,
    data: tasks,
    ids: tasks.map((task) => task.id),
    quiet,
    empty,
  });
}

/** A stack by its name, or else a service. @throws Failure when it is neither. */
async function scopeOf(client: Client, reference: string): Promise<Scope> {
  const stack = await ifFound(client.call('getStack', { params: { ref: reference } }));
  if (stack) return { stack: stack.stack.name };
  const service = await ifFound(client.call('getService', { params: { ref: reference } }));
  if (service) return { service: service.service.id };
  throw new Failure(`there is no stack or service "${reference}"`, {
    exitCode: EXIT.notFound,
    cure: 'see what there is: tsctl ls, tsctl services',
  });
}

/** By service, then slot (or node), then newest first. */
function inOrder(tasks: readonly Task[], nodes: readonly Node[]): Task[] {
  const nodeNames = new Map(nodes.map((node) => [node.id, node.name]));
  const place = (task: Task): string =>
    `${task.serviceName}\0${String(task.slot ?? 0).padStart(8, '0')}\0${nodeNames.get(task.nodeId ?? '') ?? ''}`;
  const unique = [...new Map(tasks.map((task) => [task.id, task])).values()];
  return unique.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : b.createdAt - a.createdAt));
}

import type { Client, Node, Task } from '@tessera/api';
import { isTerminal } from '@tessera/api/object/task-state';
import { taskName } from '../../output/task-name.js';
import type { Session } from '../../session.js';
import { waitGone } from '../../wait/gone.js';
import { defineCommand } from '../define.js';
import { setAvailability } from './availability.js';

export const command = defineCommand<{ wait?: boolean }>({
  arguments: '<node...>',
  options: [{ flags: '-w, --wait', summary: 'wait until no task runs there any more' }],
  details:
    'The tasks of the nodes are started elsewhere and then stopped here; those that must not run twice, or that write to volumes, are stopped first. New ones do not come before `tsctl node activate`. With --wait the exit code tells whether the nodes are empty: 0, or 124 after --timeout, with what stands in the way of each task.',
  examples: [
    { line: 'tsctl node drain --wait node1', does: 'make a node free for maintenance' },
    { line: 'tsctl node drain --wait --timeout 5m node1 node2', does: 'of two nodes, and give up waiting after five minutes' },
  ],
  async run(session, references, { wait }) {
    const nodes = await setAvailability(session, references, 'drain');
    if (wait) await waitEmpty(session, nodes);
    session.print(...nodes.map((node) => node.name));
    return 0;
  },
});

async function waitEmpty(session: Session, nodes: readonly Node[]): Promise<void> {
  const ids = new Set(nodes.map((node) => node.id));
  const names = nodes.map((node) => node.name);
  const said = new Set<string>();
  await waitGone(session, {
    what: `the drain of ${names.join(', ')}`,
    kinds: ['tasks'],
    remaining: async (client) => {
      const left = await remainingTasks(client, ids);
      for (const { name, obstacle } of left) {
        if (obstacle === undefined || said.has(obstacle)) continue;
        said.add(obstacle);
        session.note(`${name} cannot move yet: ${obstacle}`);
      }
      return left.map(({ name, words }) => `${name}: ${words}`);
    },
    hint: `see: tsctl ps --node ${names[0]}; to take the drain back: tsctl node activate ${names.join(' ')}`,
  });
}

interface Remaining {
  name: string;
  /** How far its move is. */
  words: string;
  /** Why it does not go on. */
  obstacle?: string;
}

/** Tasks whose containers may still run on the nodes, also those that are told to stop. */
async function remainingTasks(client: Client, nodeIds: ReadonlySet<string>): Promise<Remaining[]> {
  const live = (await client.call('listTasks', { query: { all: true } })).filter(({ status }) => !isTerminal(status.state));
  const here = live.filter(({ nodeId = '' }) => nodeIds.has(nodeId));
  const bySlot = new Map(live.filter((task) => !here.includes(task)).map((task) => [slotOf(task), task]));
  return here.map((task) => ({ name: taskName(task), ...moveOf(task, bySlot.get(slotOf(task))) }));
}

function slotOf({ serviceId, slot }: Task): string {
  return `${serviceId}.${slot ?? ''}`;
}

function moveOf({ desired, status, slot }: Task, successor: Task | undefined): Omit<Remaining, 'name'> {
  if (desired === 'shutdown' || desired === 'remove')
    return { words: status.state === 'running' ? 'stopping' : `${status.state}, stopping` };
  if (slot === undefined || !successor) return { words: `${status.state}, waits for its turn` };
  const { state, message } = successor.status;
  if (state !== 'pending' && state !== 'new') return { words: `${status.state}, its successor is ${state}` };
  return { words: `${status.state}, its successor is ${state}: ${message}`, ...(message !== WAITING && { obstacle: message }) };
}

/** What the message of a task is that the scheduler has not looked at yet. */
const WAITING = 'waiting for a node';

import type { Node, Service, Task } from '@tessera/api';
import { OverlayView } from '../../model/overlay.js';
import { replicasOf } from '../../model/replicas.js';
import { isAssigned, isOnMove, isRunning, isWanted } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { NodeTable } from '../../schedule/node-table.js';
import { schedule } from '../../schedule/schedule.js';
import { movesStartFirst } from '../service/starts-first.js';
import { isUnderWay } from '../service/update/status.js';
import { gainOf } from './gain.js';

/** A task that shall leave its node, and where the scheduler would put its successor. */
export interface Move {
  task: Task;
  from: Node;
  to: Node;
}

/** A move must bring two nodes nearer by this: one task fewer here and one more there leaves less of a difference than before. */
export const LEAST_GAIN = 2;
const PROBE = 'probe';

/**
 * Moves that make the spread of services more even, in the order in which they should be made: the scheduler itself says
 * where one more task of a service would go, and whichever of its tasks gains most by that moves there. Each move makes
 * the spread strictly better, so that they come to an end.
 * @param most moves in all
 * @param mayMove leaves tasks where they are
 */
export function planMoves(
  view: ClusterView,
  services: readonly Service[],
  now: number,
  most: number,
  mayMove: (task: Task) => boolean = () => true,
): Move[] {
  const what = new WhatIf(view, now, mayMove);
  const moves: Move[] = [];
  for (const service of services) {
    if (obstacleTo(view, service) !== undefined) continue;
    for (let move = what.next(service); move && moves.length < most; move = what.next(service)) {
      what.make(move);
      moves.push(move);
    }
  }
  return moves;
}

/** Why a service is not rebalanced at all at the moment, in words. */
export function obstacleTo(view: ClusterView, service: Service): string | undefined {
  const { spec } = service;
  if (spec.mode.kind !== 'replicated') return `it is ${spec.mode.kind}: only replicated services are spread by the scheduler`;
  if (!movesStartFirst(spec))
    return 'two of its tasks must not run side by side: it is fenced, or writes to volumes and its updates stop first';
  if (isUnderWay(service.update)) return 'an update is under way';
  const wanted = [...view.tasksOfService(service.id)].filter(isWanted);
  const moving = wanted.filter(isOnMove).length;
  if (moving > 0) return `${moving} ${moving === 1 ? 'task is' : 'tasks are'} being moved already`;
  const running = wanted.filter(isRunning).length;
  const replicas = replicasOf(service);
  return running === replicas && wanted.length === replicas ? undefined : `${running} of ${replicas} tasks run: it is not at rest`;
}

/** The cluster as it would be once the moves so far are made. */
class WhatIf {
  readonly #overlay: OverlayView;
  readonly #table: NodeTable;
  #probes = 0;

  constructor(
    view: ClusterView,
    private readonly now: number,
    private readonly mayMove: (task: Task) => boolean,
  ) {
    this.#overlay = new OverlayView(view);
    this.#table = NodeTable.of(view);
  }

  /** The best move of a service, if there is one worth it. */
  next(service: Service): Move | undefined {
    const tasks = [...this.#overlay.tasksOfService(service.id)].filter((task) => isWanted(task) && task.nodeId !== undefined);
    const [some] = tasks;
    const to = some && this.#probe(some);
    if (!to) return undefined;
    const nodes = tasks.flatMap(({ nodeId = '' }) => this.#overlay.get('nodes', nodeId) ?? []);
    const moves = tasks.flatMap((task) => {
      const from = this.#overlay.get('nodes', task.nodeId ?? '');
      // What has been moved in thought stays where it was moved to.
      if (!from || task.id.startsWith(PROBE) || !this.mayMove(task)) return [];
      return [{ task, from, to, gain: gainOf(service.spec.placement, nodes, from, to) }];
    });
    const [best] = moves.sort((a, b) => b.gain - a.gain || (b.task.slot ?? 0) - (a.task.slot ?? 0));
    return best && best.gain >= LEAST_GAIN ? best : undefined;
  }

  make({ task, to }: Move): void {
    this.#drop(task);
    const moved: Task = { ...task, id: `${PROBE}${++this.#probes}`, nodeId: to.id };
    this.#overlay.apply({ type: 'put', kind: 'tasks', object: moved });
    this.#table.putTask(this.#overlay, moved);
  }

  /** Where the scheduler would put one more task like this one. */
  #probe(like: Task): Node | undefined {
    const id = `${PROBE}${++this.#probes}`;
    const { nodeId: _node, startAfter: _after, restart: _restart, resources: _resources, ...rest } = like;
    const probe: Task = { ...rest, id, desired: 'running', status: { state: 'pending', at: this.now, message: '' } };
    this.#overlay.apply({ type: 'put', kind: 'tasks', object: probe });
    const decision = schedule(this.#overlay, this.#table, this.now).find(({ after }) => after.id === id);
    this.#drop(probe);
    return decision && isAssigned(decision.after) ? this.#overlay.get('nodes', decision.after.nodeId ?? '') : undefined;
  }

  #drop(task: Task): void {
    this.#overlay.apply({ type: 'delete', kind: 'tasks', id: task.id });
    this.#table.release(task);
  }
}

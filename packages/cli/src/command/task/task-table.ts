import { isTerminal, type Node, type PublishedPort, RAN_WELL_MS, type Service, type Task, type TaskState } from '@tessera/api';
import { bracketed } from '@tessera/api/net/host-address';
import type { Style } from '../../output/style.js';
import type { Column } from '../../output/table.js';
import { taskName } from '../../output/task-name.js';
import { formatDuration, ordinal } from '../../output/units.js';

/** Time that is left is told in full seconds, up: never "in 0s". */
const ROUND_UP_MS = 999;

export interface TaskRow {
  task: Task;
  image: string;
  node: string;
  ports: string;
  /** Nobody can say what the task does now. */
  isNodeDown: boolean;
}

export function taskRows(tasks: readonly Task[], services: readonly Service[], nodes: readonly Node[]): TaskRow[] {
  const serviceById = new Map(services.map((service) => [service.id, service]));
  const nodeById = new Map(nodes.map((node) => [node.id, node]));
  return tasks.map((task) => {
    const service = serviceById.get(task.serviceId);
    const node = nodeById.get(task.nodeId ?? '');
    return {
      task,
      image: imageOf(task, service),
      node: node?.name ?? task.nodeId ?? '-',
      isNodeDown: node?.status.state === 'down',
      ports: hostPorts(task, service),
    };
  });
}

/** Tasks that do not tell it have the service's, while they run its current template; else the revision's number must do. */
function imageOf(task: Task, service: Service | undefined): string {
  if (task.image !== undefined) return task.image;
  if (service === undefined) return '-';
  return task.templateHash === service.templateHash ? service.spec.template.container.image : `(revision ${task.specRevision})`;
}

/** Ports that this very task binds on its node. Ports in ingress mode belong to the service. */
function hostPorts(task: Task, service: Service | undefined): string {
  if (task.status.state !== 'running') return '';
  return (service?.ports ?? [])
    .filter((port) => port.mode === 'host')
    .map(formatPort)
    .join(', ');
}

export function formatPort({ hostIp, published, target, protocol, mode }: PublishedPort): string {
  const address = hostIp === undefined ? '' : `${bracketed(hostIp)}:`;
  return `${address}${published ?? '?'}->${target}/${protocol}${mode === 'host' ? ' (host)' : ''}`;
}

export function taskColumns(nowMs: number): Column<TaskRow>[] {
  return [
    { title: 'ID', value: ({ task }) => task.id, wide: true },
    { title: 'NAME', value: ({ task }) => taskName(task) },
    { title: 'RUN', value: ({ task }) => (task.run === undefined ? '-' : String(task.run)), wide: true },
    { title: 'IMAGE', value: ({ image }) => image, shrink: true },
    { title: 'NODE', value: ({ node }) => node },
    { title: 'DESIRED', value: ({ task }) => task.desired },
    {
      title: 'STATE',
      value: ({ task }) => `${task.status.state} ${formatDuration(nowMs - task.status.at)}`,
      paint: (text, { task }, style) => paintState(text, task, style),
    },
    { title: 'HEALTH', value: ({ task }) => task.status.health ?? '-', wide: true },
    { title: 'ERROR', value: (row) => problemOf(row, nowMs), shrink: true, paint: (text, _row, style) => style.red(text) },
    { title: 'PORTS', value: ({ ports }) => ports, shrink: true },
    { title: 'ADDRESSES', value: ({ task }) => addressesOf(task), wide: true },
  ];
}

/** On its networks, of both families. */
function addressesOf({ status: { addresses = {}, addresses6 = {} } }: Task): string {
  return [...Object.values(addresses), ...Object.values(addresses6)].join(', ') || '-';
}

/** States in which the message says what for. */
const WAITING: ReadonlySet<TaskState> = new Set(['new', 'pending', 'accepted', 'preparing', 'starting']);

/** Why it ended; for a task that waits, what for; for one of a crash loop, which restart it is and what ended the one before. */
function problemOf({ task, isNodeDown }: TaskRow, nowMs: number): string {
  const { status } = task;
  if (status.error !== undefined) return status.error;
  if (isNodeDown && !isTerminal(status.state)) return status.message;
  return restartOf(task, nowMs) ?? (WAITING.has(status.state) && status.message !== status.state ? status.message : '');
}

/** `restarting in 40s, 6th time: exit code 1`. A task that has run for a while is in no loop any more. */
function restartOf({ restart, startAfter = 0, status: { state, runningAt } }: Task, nowMs: number): string | undefined {
  if (!restart || isTerminal(state)) return undefined;
  const time = `${ordinal(restart.attempt)} time: ${restart.reason}`;
  if (startAfter > nowMs) return `restarting in ${formatDuration(startAfter - nowMs + ROUND_UP_MS)}, ${time}`;
  const isInLoop = restart.attempt > 1 && (runningAt === undefined || nowMs - runningAt < RAN_WELL_MS);
  return isInLoop && state !== 'pending' ? `restarted, ${time}` : undefined;
}

function paintState(text: string, { status }: Task, style: Style): string {
  switch (status.state) {
    case 'running':
    case 'complete':
      return style.green(text);
    case 'failed':
    case 'rejected':
    case 'orphaned':
      return style.red(text);
    case 'shutdown':
    case 'remove':
      return style.dim(text);
    default:
      return style.yellow(text);
  }
}

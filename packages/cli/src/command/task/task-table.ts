import type { Node, PublishedPort, Service, Task } from '@tessera/api';
import type { Style } from '../../output/style.js';
import type { Column } from '../../output/table.js';
import { taskName } from '../../output/task-name.js';
import { formatDuration } from '../../output/units.js';

export interface TaskRow {
  task: Task;
  image: string;
  node: string;
  ports: string;
}

export function taskRows(tasks: readonly Task[], services: readonly Service[], nodes: readonly Node[]): TaskRow[] {
  const serviceById = new Map(services.map((service) => [service.id, service]));
  const nodeNames = new Map(nodes.map((node) => [node.id, node.name]));
  return tasks.map((task) => {
    const service = serviceById.get(task.serviceId);
    return {
      task,
      image: imageOf(task, service),
      node: nodeNames.get(task.nodeId ?? '') ?? task.nodeId ?? '-',
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
  const address = hostIp === undefined ? '' : `${hostIp}:`;
  return `${address}${published ?? '?'}->${target}/${protocol}${mode === 'host' ? ' (host)' : ''}`;
}

export function taskColumns(nowMs: number): Column<TaskRow>[] {
  return [
    { title: 'ID', value: ({ task }) => task.id, wide: true },
    { title: 'NAME', value: ({ task }) => taskName(task) },
    { title: 'IMAGE', value: ({ image }) => image, shrink: true },
    { title: 'NODE', value: ({ node }) => node },
    { title: 'DESIRED', value: ({ task }) => task.desired },
    {
      title: 'STATE',
      value: ({ task }) => `${task.status.state} ${formatDuration(nowMs - task.status.at)}`,
      paint: (text, { task }, style) => paintState(text, task, style),
    },
    { title: 'HEALTH', value: ({ task }) => task.status.health ?? '-', wide: true },
    { title: 'ERROR', value: ({ task }) => problemOf(task), shrink: true, paint: (text, _row, style) => style.red(text) },
    { title: 'PORTS', value: ({ ports }) => ports, shrink: true },
  ];
}

/** Why it ended; for a task that waits, what for. */
function problemOf({ status }: Task): string {
  if (status.error !== undefined) return status.error;
  return status.state === 'pending' ? status.message : '';
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

import {
  contentId,
  type EndedTask,
  type FileContent,
  filesOf,
  HTTP_CONFIG,
  isTerminal,
  readsHttpConfig,
  type ServiceRevision,
  type ServiceSpec,
  type Task,
  type TaskAssignment,
} from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { isHttpFile } from '../../plan/http/file.js';
import { belongsToNode, revisionOf, type SlotIndex } from './slot-index.js';

/**
 * What the node must know to run the task, or `undefined` when the task is not, or no longer, the node's.
 * @param http the configuration of the HTTP proxies
 */
export function projectTask(
  view: ClusterView,
  slots: SlotIndex,
  nodeId: string,
  task: Task | undefined,
  http?: () => FileContent,
): TaskAssignment | undefined {
  if (!task || task.nodeId !== nodeId || !belongsToNode(task, slots)) return undefined;
  const revision = revisionOf(view, task);
  if (!revision) return undefined;
  const { spec } = revision;
  const files = filesSpec(view, task, spec);
  return {
    id: task.id,
    serviceId: task.serviceId,
    serviceName: task.serviceName,
    ...(task.stack !== undefined && { stack: task.stack }),
    serviceLabels: spec.labels,
    ...(task.slot !== undefined && { slot: task.slot }),
    specRevision: task.specRevision,
    desired: task.desired,
    ...(spec.drainMs !== undefined && { drainMs: spec.drainMs }),
    ...(task.startAfter !== undefined && { startAfter: task.startAfter }),
    restarts: slots.restartTimes(task),
    ...(task.restart !== undefined && { restart: task.restart }),
    template: spec.template,
    ...(task.resources && { resources: task.resources }),
    networks: attachments(view, revision),
    hostPorts: spec.ports.filter((port) => port.mode === 'host'),
    configIds: contentIds('configs', files),
    secretIds: { ...contentIds('secrets', files), ...derivedIds(files, http) },
  };
}

/** The task, when it is over but its container is to stay on the node for its log; it goes with the task's object. */
export function projectEnded(slots: SlotIndex, nodeId: string, task: Task | undefined): EndedTask | undefined {
  if (!task || task.nodeId !== nodeId || !isTerminal(task.status.state)) return undefined;
  return task.desired === 'remove' || belongsToNode(task, slots) ? undefined : { id: task.id };
}

/** The content of a config or secret, or the configuration of the HTTP proxies, by its id. */
export function projectFile(view: ClusterView, id: string, http?: () => FileContent): FileContent | undefined {
  if (http && isHttpFile(id)) return http().id === id ? http() : undefined;
  const content = view.get('contents', id);
  return content && { id, secret: content.secret, hash: content.hash, data: content.data };
}

/** Ids of the contents that the assignment names. */
export function* fileIdsOf(assignment: TaskAssignment): Iterable<string> {
  yield* Object.values(assignment.configIds);
  yield* Object.values(assignment.secretIds);
}

function attachments(view: ClusterView, revision: ServiceRevision): TaskAssignment['networks'] {
  return revision.spec.template.networks.flatMap(({ network: name, aliases }) => {
    const network = view.byName('networks', name);
    return network ? [{ networkId: network.id, name, aliases }] : [];
  });
}

/**
 * The spec whose contents the task is to have: its own or, where tasks reload their files, the service's as long as nothing but the
 * contents differs.
 */
function filesSpec(view: ClusterView, task: Task, own: ServiceSpec): ServiceSpec {
  const service = own.template.reload && view.get('services', task.serviceId);
  return service && service.templateHash === task.templateHash ? service.spec : own;
}

function derivedIds({ template }: ServiceSpec, http: (() => FileContent) | undefined): Record<string, string> {
  return http && readsHttpConfig(template) ? { [HTTP_CONFIG]: http().id } : {};
}

/** Ids of the contents that the spec was deployed with, by the names of the configs or secrets: not of what they hold now. */
function contentIds(kind: 'configs' | 'secrets', { template }: ServiceSpec): Record<string, string> {
  const files = [...filesOf(template.container, template.fileHashes)].filter((file) => file.kind === kind);
  return Object.fromEntries(files.map(({ name, hash }) => [name, contentId(kind, hash)]));
}

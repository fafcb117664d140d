import {
  type Config,
  contentId,
  filesOf,
  type HostCertificate,
  type Kind,
  type NetworkBlock,
  type ObjectChange,
  type ObjectTypes,
  type Release,
  type Service,
  type ServiceRevision,
  type ServiceSpec,
  serviceRevisionId,
  type Task,
  type Vip,
} from '@tessera/api';
import { KeyIndex, KeysIndex, type Place, updateAll } from './object-index.js';
import { isPending } from './task.js';
import { newTaskPlace, TaskIndex, type TaskPlace } from './task-index.js';

/** Kinds whose names are unique. */
export type NamedKind = 'stacks' | 'services' | 'nodes' | 'networks' | 'configs' | 'secrets';
const NAMED_KINDS: ReadonlySet<Kind> = new Set<NamedKind>(['stacks', 'services', 'nodes', 'networks', 'configs', 'secrets']);

/** The whole cluster state, read only, with the indices that planners ask for. Every lookup costs what it returns. */
export interface ClusterView {
  /** Store revision up to which the view is complete. */
  readonly revision: number;
  get<K extends Kind>(kind: K, id: string): ObjectTypes[K] | undefined;
  all<K extends Kind>(kind: K): IterableIterator<ObjectTypes[K]>;
  count(kind: Kind): number;
  byName<K extends NamedKind>(kind: K, name: string): ObjectTypes[K] | undefined;
  tasksOfService(serviceId: string): Iterable<Task>;
  tasksOfNode(nodeId: string): Iterable<Task>;
  /** Tasks that wait for the scheduler: status `pending` and nobody told them to go. Costs the tasks of their services. */
  pendingTasks(): Iterable<Task>;
  revisionsOfService(serviceId: string): Iterable<ServiceRevision>;
  servicesOfStack(stack: string): Iterable<Service>;
  /** Services that wait for this service (by full name) before they start. */
  dependentsOf(service: string): Iterable<Service>;
  /** Services with tasks on every node that fits: global ones and global jobs. */
  servicesPerNode(): Iterable<Service>;
  /** Services that keep other tasks away from theirs, by an affinity that must hold. */
  servicesKeepingApart(): Iterable<Service>;
  /** Services that name this network (by full name) in their template. */
  servicesOfNetwork(network: string): Iterable<Service>;
  blocksOfNetwork(networkId: string): Iterable<NetworkBlock>;
  blocksOfNode(nodeId: string): Iterable<NetworkBlock>;
  vipsOfNetwork(networkId: string): Iterable<Vip>;
  vipsOfService(serviceId: string): Iterable<Vip>;
  /** Releases that are kept of a stack, by its id. */
  releasesOfStack(stackId: string): Iterable<Release>;
  /** Releases that name this revision of a service, by its id: it must stay as long as there is any. */
  releasesOfRevision(revisionId: string): Iterable<Release>;
  /** What names this content: it must stay as long as there is any. */
  usersOfContent(contentId: string): Iterable<ContentUser>;
}

/** Configs, secrets and certificates whose content it is now, specs whose tasks mount it, and releases that would bring it back. */
export interface ContentUser {
  kind: 'configs' | 'secrets' | 'certificates' | 'revisions' | 'releases';
  id: string;
}

/** Name of an object of a kind whose names are unique. */
export function nameOf<K extends NamedKind>(kind: K, object: ObjectTypes[K]): string {
  const named = object as ObjectTypes[NamedKind];
  if (kind === 'stacks' || kind === 'nodes') return (named as ObjectTypes['stacks' | 'nodes']).name;
  return (named as ObjectTypes['services' | 'networks' | 'configs' | 'secrets']).spec.name;
}

export function isNamedKind(kind: Kind): kind is NamedKind {
  return NAMED_KINDS.has(kind);
}

export function isPerNode(service: Service): boolean {
  return service.spec.mode.kind === 'global' || service.spec.mode.kind === 'global-job';
}

/** Whether it keeps some tasks away from its own, also its own from each other. */
export function keepsApart(service: Service): boolean {
  return service.spec.placement.affinity?.apart.some(({ weight }) => weight === undefined) ?? false;
}

/** The view that an informer keeps current. Objects in it are frozen by nobody: treat them as immutable. */
export class IndexedView implements ClusterView {
  #revision = 0;
  readonly #objects = new Map<Kind, Map<string, Place<ObjectTypes[Kind]>>>();
  readonly #names = new Map<string, string>();
  readonly #tasksByService = new TaskIndex((task) => task.serviceId, 'ofService');
  readonly #tasksByNode = new TaskIndex((task) => task.nodeId, 'ofNode');
  /** Number of waiting tasks by service: those without are left out. */
  readonly #pendingCounts = new Map<string, number>();
  readonly #revisionsByService = new KeyIndex<ServiceRevision>((revision) => revision.serviceId);
  readonly #servicesByDependency = new KeysIndex<Service>((service) => service.spec.dependsOn.map((dependency) => dependency.service));
  readonly #servicesPerNode = new KeyIndex<Service>((service) => (isPerNode(service) ? 'per-node' : undefined));
  readonly #servicesKeepingApart = new KeyIndex<Service>((service) => (keepsApart(service) ? 'apart' : undefined));
  readonly #servicesByStack = new KeyIndex<Service>((service) => service.spec.stack);
  readonly #servicesByNetwork = new KeysIndex<Service>((service) => service.spec.template.networks.map((attachment) => attachment.network));
  readonly #blocksByNetwork = new KeyIndex<NetworkBlock>((block) => block.networkId);
  readonly #releasesByStack = new KeyIndex<Release>((release) => release.stackId);
  readonly #releasesByRevision = new KeysIndex<Release>((release) =>
    release.services.map(({ serviceId, specRevision }) => serviceRevisionId(serviceId, specRevision)),
  );
  readonly #releasesByContent = new KeysIndex<Release>((release) => release.files.map(({ kind, hash }) => contentId(kind, hash)));
  readonly #revisionsByContent = new KeysIndex<ServiceRevision>((revision) => contentsOf(revision.spec));
  readonly #configsByContent = new KeyIndex<Config>((config) => contentId('configs', config.hash));
  readonly #secretsByContent = new KeyIndex<Config>((secret) => contentId('secrets', secret.hash));
  readonly #certificatesByContent = new KeyIndex<HostCertificate>(({ issued }) => issued && contentId('secrets', issued.hash));
  readonly #blocksByNode = new KeyIndex<NetworkBlock>((block) => block.nodeId);
  readonly #vipsByNetwork = new KeyIndex<Vip>((vip) => vip.networkId);
  readonly #vipsByService = new KeyIndex<Vip>((vip) => vip.serviceId);

  get revision(): number {
    return this.#revision;
  }

  get<K extends Kind>(kind: K, id: string): ObjectTypes[K] | undefined {
    return this.#objects.get(kind)?.get(id)?.object as ObjectTypes[K] | undefined;
  }

  *all<K extends Kind>(kind: K): IterableIterator<ObjectTypes[K]> {
    for (const { object } of this.#kind(kind).values()) yield object as ObjectTypes[K];
  }

  count(kind: Kind): number {
    return this.#kind(kind).size;
  }

  byName<K extends NamedKind>(kind: K, name: string): ObjectTypes[K] | undefined {
    const id = this.#names.get(`${kind}/${name}`);
    return id === undefined ? undefined : this.get(kind, id);
  }

  tasksOfService(serviceId: string): Iterable<Task> {
    return this.#tasksByService.of(serviceId);
  }

  tasksOfNode(nodeId: string): Iterable<Task> {
    return this.#tasksByNode.of(nodeId);
  }

  *pendingTasks(): IterableIterator<Task> {
    for (const serviceId of this.#pendingCounts.keys()) for (const task of this.tasksOfService(serviceId)) if (isPending(task)) yield task;
  }

  revisionsOfService(serviceId: string): Iterable<ServiceRevision> {
    return this.#revisionsByService.of(serviceId);
  }

  dependentsOf(service: string): Iterable<Service> {
    return this.#servicesByDependency.of(service);
  }

  servicesPerNode(): Iterable<Service> {
    return this.#servicesPerNode.of('per-node');
  }

  servicesKeepingApart(): Iterable<Service> {
    return this.#servicesKeepingApart.of('apart');
  }

  servicesOfStack(stack: string): Iterable<Service> {
    return this.#servicesByStack.of(stack);
  }

  servicesOfNetwork(network: string): Iterable<Service> {
    return this.#servicesByNetwork.of(network);
  }

  blocksOfNetwork(networkId: string): Iterable<NetworkBlock> {
    return this.#blocksByNetwork.of(networkId);
  }

  blocksOfNode(nodeId: string): Iterable<NetworkBlock> {
    return this.#blocksByNode.of(nodeId);
  }

  vipsOfNetwork(networkId: string): Iterable<Vip> {
    return this.#vipsByNetwork.of(networkId);
  }

  vipsOfService(serviceId: string): Iterable<Vip> {
    return this.#vipsByService.of(serviceId);
  }

  releasesOfStack(stackId: string): Iterable<Release> {
    return this.#releasesByStack.of(stackId);
  }

  releasesOfRevision(revisionId: string): Iterable<Release> {
    return this.#releasesByRevision.of(revisionId);
  }

  *usersOfContent(contentId: string): IterableIterator<ContentUser> {
    for (const { id } of this.#configsByContent.of(contentId)) yield { kind: 'configs', id };
    for (const { id } of this.#secretsByContent.of(contentId)) yield { kind: 'secrets', id };
    for (const { id } of this.#certificatesByContent.of(contentId)) yield { kind: 'certificates', id };
    for (const { id } of this.#revisionsByContent.of(contentId)) yield { kind: 'revisions', id };
    for (const { id } of this.#releasesByContent.of(contentId)) yield { kind: 'releases', id };
  }

  /**
   * Takes over one change. An older revision of an object than the one held is left out; returns whether it was taken. The view's own revision stays: what
   * this process wrote itself comes before what others wrote earlier.
   */
  apply(change: ObjectChange): boolean {
    const objects = this.#kind(change.kind);
    const known = objects.get(change.id);
    const before = known?.object;
    if (before && before.revision >= change.revision) return false;
    if (!known && !change.object) return false;
    const place = known ?? newPlace(change);
    if (!known) objects.set(change.id, place);
    if (change.object) place.object = change.object;
    else objects.delete(change.id);
    if (change.kind === 'tasks') this.#reindexTask(place as TaskPlace, before as Task | undefined, change.object);
    else this.#reindex(change, place, before);
    return true;
  }

  /** Says that the view is complete up to `revision`. */
  advanceTo(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #kind(kind: Kind): Map<string, Place<ObjectTypes[Kind]>> {
    let objects = this.#objects.get(kind);
    if (!objects) this.#objects.set(kind, (objects = new Map()));
    return objects;
  }

  #reindex(change: Exclude<ObjectChange, { kind: 'tasks' }>, place: Place<ObjectTypes[Kind]>, before: ObjectTypes[Kind] | undefined): void {
    if (isNamedKind(change.kind))
      this.#rename(change.kind, before as ObjectTypes[NamedKind] | undefined, change.object as ObjectTypes[NamedKind] | undefined);
    switch (change.kind) {
      case 'services':
        updateAll(
          [this.#servicesByStack, this.#servicesByNetwork, this.#servicesByDependency, this.#servicesKeepingApart, this.#servicesPerNode],
          place,
          before,
          change.object,
        );
        break;
      case 'revisions':
        updateAll([this.#revisionsByService, this.#revisionsByContent], place, before, change.object);
        break;
      case 'releases':
        updateAll([this.#releasesByStack, this.#releasesByRevision, this.#releasesByContent], place, before, change.object);
        break;
      case 'configs':
        updateAll([this.#configsByContent], place, before, change.object);
        break;
      case 'secrets':
        updateAll([this.#secretsByContent], place, before, change.object);
        break;
      case 'certificates':
        updateAll([this.#certificatesByContent], place, before, change.object);
        break;
      case 'blocks':
        updateAll([this.#blocksByNetwork, this.#blocksByNode], place, before, change.object);
        break;
      case 'vips':
        updateAll([this.#vipsByNetwork, this.#vipsByService], place, before, change.object);
        break;
      default:
    }
  }

  /** Apart from others, for there are many. */
  #reindexTask(place: TaskPlace, before: Task | undefined, after: Task | undefined): void {
    this.#tasksByService.update(place, before, after);
    this.#tasksByNode.update(place, before, after);
    const [from, to] = [serviceWaitedFor(before), serviceWaitedFor(after)];
    if (from === to) return;
    if (from !== undefined) this.#countPending(from, -1);
    if (to !== undefined) this.#countPending(to, 1);
  }

  #countPending(serviceId: string, by: 1 | -1): void {
    const count = (this.#pendingCounts.get(serviceId) ?? 0) + by;
    if (count === 0) this.#pendingCounts.delete(serviceId);
    else this.#pendingCounts.set(serviceId, count);
  }

  #rename(kind: NamedKind, before: ObjectTypes[NamedKind] | undefined, after: ObjectTypes[NamedKind] | undefined): void {
    const former = before && `${kind}/${nameOf(kind, before)}`;
    if (former && this.#names.get(former) === before.id) this.#names.delete(former);
    if (after) this.#names.set(`${kind}/${nameOf(kind, after)}`, after.id);
  }
}

function newPlace({ kind, object }: ObjectChange): Place<ObjectTypes[Kind]> {
  return kind === 'tasks' ? newTaskPlace(object!) : { object: object! };
}

function serviceWaitedFor(task: Task | undefined): string | undefined {
  return task && isPending(task) ? task.serviceId : undefined;
}

/** Ids of the contents that the tasks of a spec mount. */
function contentsOf({ template }: ServiceSpec): string[] {
  return [...filesOf(template.container, template.fileHashes)].map(({ kind, hash }) => contentId(kind, hash));
}

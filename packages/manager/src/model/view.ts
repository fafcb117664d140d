import type { Kind, NetworkBlock, ObjectChange, ObjectTypes, Service, ServiceRevision, Task, Vip } from '@tessera/api';
import { isPending } from './task.js';

/** Kinds whose names are unique. */
export type NamedKind = 'stacks' | 'services' | 'nodes' | 'networks' | 'configs' | 'secrets';

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
}

/** Name of an object of a kind whose names are unique. */
export function nameOf<K extends NamedKind>(kind: K, object: ObjectTypes[K]): string {
  const named = object as ObjectTypes[NamedKind];
  if (kind === 'stacks' || kind === 'nodes') return (named as ObjectTypes['stacks' | 'nodes']).name;
  return (named as ObjectTypes['services' | 'networks' | 'configs' | 'secrets']).spec.name;
}

export function isNamedKind(kind: Kind): kind is NamedKind {
  return ['stacks', 'services', 'nodes', 'networks', 'configs', 'secrets'].includes(kind);
}

export function isPerNode(service: Service): boolean {
  return service.spec.mode.kind === 'global' || service.spec.mode.kind === 'global-job';
}

const NO_KEYS: readonly string[] = [];

/** Whether it keeps some tasks away from its own, also its own from each other. */
export function keepsApart(service: Service): boolean {
  return service.spec.placement.affinity?.apart.some(({ weight }) => weight === undefined) ?? false;
}

/** A multimap from a key to objects by id. */
class Index<T extends { id: string }> {
  readonly #buckets = new Map<string, Map<string, T>>();

  constructor(private readonly keysOf: (object: T) => readonly string[]) {}

  update(before: T | undefined, after: T | undefined): void {
    const kept = after ? this.keysOf(after) : NO_KEYS;
    if (before) for (const key of this.keysOf(before)) if (!kept.includes(key)) this.#remove(key, before);
    for (const key of kept) {
      let bucket = this.#buckets.get(key);
      if (!bucket) this.#buckets.set(key, (bucket = new Map()));
      bucket.set((after as T).id, after as T);
    }
  }

  of(key: string): Iterable<T> {
    return this.#buckets.get(key)?.values() ?? [];
  }

  #remove(key: string, object: T): void {
    const bucket = this.#buckets.get(key);
    bucket?.delete(object.id);
    if (bucket?.size === 0) this.#buckets.delete(key);
  }
}

/** The view that an informer keeps current. Objects in it are frozen by nobody: treat them as immutable. */
export class IndexedView implements ClusterView {
  #revision = 0;
  readonly #objects = new Map<Kind, Map<string, ObjectTypes[Kind]>>();
  readonly #names = new Map<string, string>();
  readonly #tasksByService = new Index<Task>((task) => [task.serviceId]);
  readonly #tasksByNode = new Index<Task>((task) => (task.nodeId ? [task.nodeId] : []));
  /** Number of waiting tasks by service: those without are left out. */
  readonly #pendingCounts = new Map<string, number>();
  readonly #revisionsByService = new Index<ServiceRevision>((revision) => [revision.serviceId]);
  readonly #servicesByDependency = new Index<Service>((service) => service.spec.dependsOn.map((dependency) => dependency.service));
  readonly #servicesPerNode = new Index<Service>((service) => (isPerNode(service) ? ['per-node'] : []));
  readonly #servicesKeepingApart = new Index<Service>((service) => (keepsApart(service) ? ['apart'] : []));
  readonly #servicesByStack = new Index<Service>((service) => (service.spec.stack ? [service.spec.stack] : []));
  readonly #servicesByNetwork = new Index<Service>((service) => service.spec.template.networks.map((attachment) => attachment.network));
  readonly #blocksByNetwork = new Index<NetworkBlock>((block) => [block.networkId]);
  readonly #blocksByNode = new Index<NetworkBlock>((block) => [block.nodeId]);
  readonly #vipsByNetwork = new Index<Vip>((vip) => [vip.networkId]);
  readonly #vipsByService = new Index<Vip>((vip) => [vip.serviceId]);

  get revision(): number {
    return this.#revision;
  }

  get<K extends Kind>(kind: K, id: string): ObjectTypes[K] | undefined {
    return this.#objects.get(kind)?.get(id) as ObjectTypes[K] | undefined;
  }

  all<K extends Kind>(kind: K): IterableIterator<ObjectTypes[K]> {
    return this.#kind(kind).values() as IterableIterator<ObjectTypes[K]>;
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

  /** Takes over one change. An older revision of an object than the one held is left out; returns whether it was taken. */
  apply(change: ObjectChange): boolean {
    const objects = this.#kind(change.kind);
    const before = objects.get(change.id);
    this.#revision = Math.max(this.#revision, change.revision);
    if (before && before.revision >= change.revision) return false;
    if (!before && !change.object) return false;
    if (change.object) objects.set(change.id, change.object);
    else objects.delete(change.id);
    this.#reindex(change, before);
    return true;
  }

  /** Says that the view is complete up to `revision` though no change of an object carried it. */
  advanceTo(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #kind(kind: Kind): Map<string, ObjectTypes[Kind]> {
    let objects = this.#objects.get(kind);
    if (!objects) this.#objects.set(kind, (objects = new Map()));
    return objects;
  }

  #reindex(change: ObjectChange, before: ObjectTypes[Kind] | undefined): void {
    if (isNamedKind(change.kind))
      this.#rename(change.kind, before as ObjectTypes[NamedKind] | undefined, change.object as ObjectTypes[NamedKind] | undefined);
    switch (change.kind) {
      case 'tasks':
        this.#tasksByService.update(before as Task | undefined, change.object);
        this.#tasksByNode.update(before as Task | undefined, change.object);
        if (before && isPending(before as Task)) this.#countPending((before as Task).serviceId, -1);
        if (change.object && isPending(change.object)) this.#countPending(change.object.serviceId, 1);
        break;
      case 'services':
        this.#servicesByStack.update(before as Service | undefined, change.object);
        this.#servicesByNetwork.update(before as Service | undefined, change.object);
        this.#servicesByDependency.update(before as Service | undefined, change.object);
        this.#servicesKeepingApart.update(before as Service | undefined, change.object);
        this.#servicesPerNode.update(before as Service | undefined, change.object);
        break;
      case 'revisions':
        this.#revisionsByService.update(before as ServiceRevision | undefined, change.object);
        break;
      case 'blocks':
        this.#blocksByNetwork.update(before as NetworkBlock | undefined, change.object);
        this.#blocksByNode.update(before as NetworkBlock | undefined, change.object);
        break;
      case 'vips':
        this.#vipsByNetwork.update(before as Vip | undefined, change.object);
        this.#vipsByService.update(before as Vip | undefined, change.object);
        break;
      default:
    }
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

import type { Kind, NetworkBlock, ObjectTypes, Release, Service, ServiceRevision, Task, Vip } from '@tessera/api';
import { type ClusterView, type ContentUser, IndexedView, type NamedKind } from './view.js';

/** What an overlay takes over: a store's change without its expectation. */
export type OverlayChange =
  | { [K in Kind]: { type: 'put'; kind: K; object: ObjectTypes[K] } }[Kind]
  | { type: 'delete'; kind: Kind; id: string };

/** A view with changes of its own on top: what would be, without touching what is. Costs what is changed. */
export class OverlayView implements ClusterView {
  readonly #own = new IndexedView();
  /** Objects of the base that the overlay replaces or deletes, by kind. */
  readonly #hidden = new Map<Kind, Set<string>>();
  #revision: number;

  constructor(private readonly base: ClusterView) {
    this.#revision = base.revision;
  }

  get revision(): number {
    return this.#revision;
  }

  apply(change: OverlayChange): void {
    const id = change.type === 'put' ? change.object.id : change.id;
    const revision = ++this.#revision;
    if (this.base.get(change.kind, id)) this.#hide(change.kind, id);
    if (change.type === 'delete') this.#own.apply({ kind: change.kind, id, object: undefined, revision });
    else
      this.#own.apply({ kind: change.kind, id, object: { ...change.object, revision }, revision } as Parameters<IndexedView['apply']>[0]);
  }

  get<K extends Kind>(kind: K, id: string): ObjectTypes[K] | undefined {
    return this.#own.get(kind, id) ?? (this.#isHidden(kind, id) ? undefined : this.base.get(kind, id));
  }

  *all<K extends Kind>(kind: K): IterableIterator<ObjectTypes[K]> {
    yield* this.#merge(kind, this.base.all(kind), this.#own.all(kind));
  }

  count(kind: Kind): number {
    return this.base.count(kind) - (this.#hidden.get(kind)?.size ?? 0) + this.#own.count(kind);
  }

  byName<K extends NamedKind>(kind: K, name: string): ObjectTypes[K] | undefined {
    const own = this.#own.byName(kind, name);
    const base = own ? undefined : this.base.byName(kind, name);
    return own ?? (base && !this.#isHidden(kind, base.id) ? base : undefined);
  }

  tasksOfService(serviceId: string): Iterable<Task> {
    return this.#merge('tasks', this.base.tasksOfService(serviceId), this.#own.tasksOfService(serviceId));
  }

  tasksOfNode(nodeId: string): Iterable<Task> {
    return this.#merge('tasks', this.base.tasksOfNode(nodeId), this.#own.tasksOfNode(nodeId));
  }

  pendingTasks(): Iterable<Task> {
    return this.#merge('tasks', this.base.pendingTasks(), this.#own.pendingTasks());
  }

  revisionsOfService(serviceId: string): Iterable<ServiceRevision> {
    return this.#merge('revisions', this.base.revisionsOfService(serviceId), this.#own.revisionsOfService(serviceId));
  }

  servicesOfStack(stack: string): Iterable<Service> {
    return this.#merge('services', this.base.servicesOfStack(stack), this.#own.servicesOfStack(stack));
  }

  servicesOfNetwork(network: string): Iterable<Service> {
    return this.#merge('services', this.base.servicesOfNetwork(network), this.#own.servicesOfNetwork(network));
  }

  dependentsOf(service: string): Iterable<Service> {
    return this.#merge('services', this.base.dependentsOf(service), this.#own.dependentsOf(service));
  }

  servicesPerNode(): Iterable<Service> {
    return this.#merge('services', this.base.servicesPerNode(), this.#own.servicesPerNode());
  }

  servicesKeepingApart(): Iterable<Service> {
    return this.#merge('services', this.base.servicesKeepingApart(), this.#own.servicesKeepingApart());
  }

  blocksOfNetwork(networkId: string): Iterable<NetworkBlock> {
    return this.#merge('blocks', this.base.blocksOfNetwork(networkId), this.#own.blocksOfNetwork(networkId));
  }

  releasesOfStack(stackId: string): Iterable<Release> {
    return this.#merge('releases', this.base.releasesOfStack(stackId), this.#own.releasesOfStack(stackId));
  }

  releasesOfRevision(revisionId: string): Iterable<Release> {
    return this.#merge('releases', this.base.releasesOfRevision(revisionId), this.#own.releasesOfRevision(revisionId));
  }

  *usersOfContent(contentId: string): Iterable<ContentUser> {
    for (const user of this.base.usersOfContent(contentId)) if (!this.#isHidden(user.kind, user.id)) yield user;
    yield* this.#own.usersOfContent(contentId);
  }

  blocksOfNode(nodeId: string): Iterable<NetworkBlock> {
    return this.#merge('blocks', this.base.blocksOfNode(nodeId), this.#own.blocksOfNode(nodeId));
  }

  vipsOfNetwork(networkId: string): Iterable<Vip> {
    return this.#merge('vips', this.base.vipsOfNetwork(networkId), this.#own.vipsOfNetwork(networkId));
  }

  vipsOfService(serviceId: string): Iterable<Vip> {
    return this.#merge('vips', this.base.vipsOfService(serviceId), this.#own.vipsOfService(serviceId));
  }

  *#merge<T extends { id: string }>(kind: Kind, base: Iterable<T>, own: Iterable<T>): IterableIterator<T> {
    for (const object of base) if (!this.#isHidden(kind, object.id)) yield object;
    yield* own;
  }

  #hide(kind: Kind, id: string): void {
    const ids = this.#hidden.get(kind);
    if (ids) ids.add(id);
    else this.#hidden.set(kind, new Set([id]));
  }

  #isHidden(kind: Kind, id: string): boolean {
    return this.#hidden.get(kind)?.has(id) ?? false;
  }
}

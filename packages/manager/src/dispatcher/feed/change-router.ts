import {
  type NetworkBlock,
  type Node,
  type ObjectChange,
  readsHttpConfig,
  type Service,
  type ServiceRevision,
  type Task,
  type Vip,
} from '@tessera/api';
import { endedAt, endedByItself, isLive, isToldToGo } from '../../model/task.js';
import type { AppliedEverywhere } from '../leaving/applied-everywhere.js';
import type { LeaveGate } from '../leaving/leave-gate.js';
import { endpointOf } from '../projection/network-assignment.js';
import { mayServe, slotKeyOf } from '../projection/slot-index.js';
import type { NodeFeed } from './node-feed.js';
import type { Projector } from './projector.js';

/**
 * Marks what a change of the view can alter in the sets of nodes that have a session. The view tells only what an
 * object is now: what it was before is kept here, as references.
 */
export class ChangeRouter {
  readonly #tasks = new Map<string, Task>();
  /** The endpoints that tasks had when last looked at, as one string each. */
  readonly #endpoints = new Map<string, string>();
  readonly #services = new Map<string, Service>();
  /** Services whose tasks read the configuration for HTTP. */
  readonly #proxies = new Set<string>();
  readonly #blocks = new Map<string, NetworkBlock>();
  readonly #vips = new Map<string, Vip>();
  readonly #nodes = new Map<string, Node>();
  /** Names of networks by id. */
  readonly #names = new Map<string, string>();
  readonly #revisions = new Map<string, ServiceRevision>();
  /** Revisions by the names of networks that their tasks need. */
  readonly #revisionsByName = new Map<string, Set<ServiceRevision>>();

  constructor(
    private readonly projector: Projector,
    private readonly feeds: ReadonlyMap<string, NodeFeed>,
    private readonly leaving: Pick<LeaveGate, 'hold' | 'drop'>,
    private readonly everywhere: Pick<AppliedEverywhere, 'gone' | 'moved'>,
  ) {
    const { view } = projector;
    for (const service of view.all('services')) {
      this.#services.set(service.id, service);
      if (readsHttpConfig(service.spec.template)) this.#proxies.add(service.id);
    }
    for (const revision of view.all('revisions')) this.#noteRevision(revision.id, revision);
    for (const task of view.all('tasks')) this.#noteTask(task);
    for (const block of view.all('blocks')) this.#blocks.set(block.id, block);
    for (const vip of view.all('vips')) this.#vips.set(vip.id, vip);
    for (const node of view.all('nodes')) this.#nodes.set(node.id, node);
    for (const network of view.all('networks')) this.#names.set(network.id, network.spec.name);
  }

  /** Takes over one change of the view, after the view has it. */
  route(change: ObjectChange): void {
    switch (change.kind) {
      case 'tasks':
        this.#taskChanged(change.id, change.object);
        break;
      case 'services':
        this.#serviceChanged(change.id, change.object);
        break;
      case 'revisions':
        this.#revisionChanged(change.id, change.object);
        break;
      case 'blocks':
        this.#blockChanged(change.id, change.object);
        break;
      case 'vips':
        this.#vipChanged(change.id, change.object);
        break;
      case 'networks':
        this.#networkChanged(change.id, change.object?.spec.name);
        break;
      case 'nodes':
        this.#nodeChanged(change.id, change.object);
        break;
      case 'contents':
        this.#contentChanged(change.id);
        this.#httpChanged();
        break;
      case 'configs':
      case 'secrets':
      case 'certificates':
        this.#httpChanged();
        break;
      default:
    }
  }

  #taskChanged(id: string, after: Task | undefined): void {
    const before = this.#tasks.get(id);
    this.projector.slots.update(before, after);
    const endpointsBefore = this.#endpoints.get(id);
    if (after) this.#noteTask(after);
    else this.#forgetTask(id);
    for (const task of [before, after]) if (task?.nodeId) this.feeds.get(task.nodeId)?.markTask(id);
    if (endpointsBefore !== this.#endpoints.get(id)) this.#markService((after ?? before)?.serviceId ?? '');
    if (changesSlot(before, after)) this.#markSlot(before, after);
    if (this.#proxies.has((after ?? before)?.serviceId ?? '')) this.#markHubs(before, after);
    if (!after || !isLive(after)) this.leaving.drop(id);
    else if (this.feeds.has(after.nodeId ?? '') && isToldToGo(after) && before && mayServe(before) && endpointsBefore !== undefined)
      this.leaving.hold(after);
  }

  /** Networks that keep their members apart know where the proxies are. */
  #markHubs(...tasks: Array<Task | undefined>): void {
    for (const networkId of new Set(tasks.flatMap((task) => Object.keys(task?.status.addresses ?? {})))) this.#markPeers(networkId);
  }

  /** A task that comes, goes or ends alters what its slot's other tasks are: succeeded, or restarted once more. */
  #markSlot(...tasks: Array<Task | undefined>): void {
    for (const slotKey of new Set(tasks.flatMap((task) => (task ? [slotKeyOf(task)] : [])))) {
      for (const mate of this.projector.slots.tasksOfSlot(slotKey)) if (mate.nodeId) this.feeds.get(mate.nodeId)?.markTask(mate.id);
    }
  }

  #serviceChanged(id: string, after: Service | undefined): void {
    const before = this.#services.get(id);
    if (after) this.#services.set(id, after);
    else this.#services.delete(id);
    const names = [before, after].flatMap((service) => service?.spec.template.networks.map((attachment) => attachment.network) ?? []);
    for (const name of new Set(names)) this.#markServiceOn(id, name);
    if (after?.spec.template.reload) for (const task of this.projector.view.tasksOfService(id)) this.#markTask(task);
    const wasProxy = this.#proxies.has(id);
    if (after && readsHttpConfig(after.spec.template)) this.#proxies.add(id);
    else this.#proxies.delete(id);
    if (wasProxy !== this.#proxies.has(id)) this.#markHubs(...this.projector.view.tasksOfService(id));
    if (before?.spec.http || after?.spec.http) this.#httpChanged();
  }

  /** The configuration of the proxies is made of services, virtual addresses, certificates. */
  #httpChanged(): void {
    this.projector.forgetHttp();
    for (const id of this.#proxies) for (const task of this.projector.view.tasksOfService(id)) this.#markTask(task);
  }

  #revisionChanged(id: string, after: ServiceRevision | undefined): void {
    this.#noteRevision(id, after);
    if (!after) return;
    // A revision is written with its service, before any task of it: only a view that is being filled again has tasks here.
    for (const task of this.projector.view.tasksOfService(after.serviceId)) {
      if (task.specRevision !== after.specRevision) continue;
      this.#noteTask(task);
      this.#markTask(task);
    }
    this.#markService(after.serviceId);
  }

  #blockChanged(id: string, after: NetworkBlock | undefined): void {
    const block = after ?? this.#blocks.get(id);
    if (!block) return;
    if (after) this.#blocks.set(id, after);
    else this.#blocks.delete(id);
    this.feeds.get(block.nodeId)?.markEverything();
    this.#markPeers(block.networkId);
  }

  #vipChanged(id: string, after: Vip | undefined): void {
    const before = this.#vips.get(id);
    if (after) this.#vips.set(id, after);
    else this.#vips.delete(id);
    for (const { serviceId, networkId } of [before, after].flatMap((vip) => vip ?? [])) {
      if (this.#services.get(serviceId)?.spec.http) this.#httpChanged();
      const network = this.projector.view.get('networks', networkId);
      if (network) this.#markServiceOn(serviceId, network.spec.name);
    }
  }

  #networkChanged(id: string, name: string | undefined): void {
    const names = new Set([this.#names.get(id), name].flatMap((one) => one ?? []));
    if (name === undefined) this.#names.delete(id);
    else this.#names.set(id, name);
    for (const one of names) {
      for (const service of this.projector.view.servicesOfNetwork(one)) {
        for (const attachment of service.spec.template.networks) this.#markServiceOn(service.id, attachment.network);
        this.projector.forget(service.id, id);
      }
      this.#markTasksThatName(one);
    }
    for (const block of this.projector.view.blocksOfNetwork(id)) this.feeds.get(block.nodeId)?.markEverything();
  }

  #nodeChanged(id: string, after: Node | undefined): void {
    const before = this.#nodes.get(id);
    if (after) this.#nodes.set(id, after);
    else this.#nodes.delete(id);
    if (after?.status.state !== 'ready') this.everywhere.gone(id);
    else if (after.session?.manager !== before?.session?.manager) this.everywhere.moved(id);
    if (linkOf(before) === linkOf(after)) return;
    for (const block of this.projector.view.blocksOfNode(id)) this.#markPeers(block.networkId);
  }

  /** Contents are written before what names them: only a view that is being filled again has users of it here. */
  #contentChanged(id: string): void {
    for (const user of this.projector.view.usersOfContent(id)) {
      const revision = user.kind === 'revisions' ? this.#revisions.get(user.id) : undefined;
      if (!revision) continue;
      for (const task of this.projector.view.tasksOfService(revision.serviceId))
        if (task.nodeId && task.specRevision === revision.specRevision) this.feeds.get(task.nodeId)?.markFile(id);
    }
  }

  #markService(serviceId: string): void {
    for (const attachment of this.#services.get(serviceId)?.spec.template.networks ?? [])
      this.#markServiceOn(serviceId, attachment.network);
  }

  #markServiceOn(serviceId: string, networkName: string): void {
    const network = this.projector.view.byName('networks', networkName);
    if (!network) return;
    this.projector.forget(serviceId, network.id);
    for (const block of this.projector.view.blocksOfNetwork(network.id)) this.feeds.get(block.nodeId)?.markService(serviceId, network.id);
  }

  #markPeers(networkId: string): void {
    for (const block of this.projector.view.blocksOfNetwork(networkId)) this.feeds.get(block.nodeId)?.markNetwork(networkId);
  }

  /** Tasks find networks by name, as their own revision says: it need not be the service's current one. */
  #markTasksThatName(name: string): void {
    for (const { serviceId, specRevision } of this.#revisionsByName.get(name) ?? []) {
      for (const task of this.projector.view.tasksOfService(serviceId)) if (task.specRevision === specRevision) this.#markTask(task);
    }
  }

  #markTask(task: Task): void {
    if (task.nodeId) this.feeds.get(task.nodeId)?.markTask(task.id);
  }

  #noteTask(task: Task): void {
    this.#tasks.set(task.id, task);
    const takesTraffic = Object.keys(task.status.addresses ?? {}).some((networkId) => endpointOf(this.projector.view, task, networkId));
    if (takesTraffic)
      this.#endpoints.set(
        task.id,
        JSON.stringify([task.status.state, task.status.health, task.desired, task.status.addresses, task.status.addresses6]),
      );
    else this.#endpoints.delete(task.id);
  }

  #forgetTask(id: string): void {
    this.#tasks.delete(id);
    this.#endpoints.delete(id);
  }

  #noteRevision(id: string, after: ServiceRevision | undefined): void {
    const before = this.#revisions.get(id);
    for (const name of before ? namesIn(before) : []) this.#revisionsByName.get(name)?.delete(before as ServiceRevision);
    if (after) this.#revisions.set(id, after);
    else this.#revisions.delete(id);
    for (const name of after ? namesIn(after) : []) {
      const users = this.#revisionsByName.get(name);
      if (users) users.add(after as ServiceRevision);
      else this.#revisionsByName.set(name, new Set([after as ServiceRevision]));
    }
  }
}

/** What other nodes are told of a node. */
function linkOf(node: Node | undefined): string {
  const { address, underlayMtu, encryption, ipv6 } = node?.description ?? {};
  return JSON.stringify([address, underlayMtu, encryption?.publicKey, ipv6?.addresses]);
}

function namesIn(revision: ServiceRevision): Set<string> {
  return new Set(revision.spec.template.networks.map((attachment) => attachment.network));
}

/** Whether the change can alter what other tasks of the slot are told: that they are succeeded, or how often the slot was restarted. */
function changesSlot(before: Task | undefined, after: Task | undefined): boolean {
  if (!before || !after || slotKeyOf(before) !== slotKeyOf(after)) return true;
  if (endedByItself(before) !== endedByItself(after)) return true;
  return endedByItself(after) && endedAt(before) !== endedAt(after);
}

import { networkBlockId, type ObjectChange, type Task } from '@tessera/api';
import type { ReconcileLoop } from '@tessera/kit';
import { abilitiesOf } from '../model/network-abilities.js';
import type { ClusterView } from '../model/view.js';
import { planNetwork } from '../plan/network.js';
import { occupies } from '../plan/network-space.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

/** When addresses run out, those of a network that is removed may help: looked at again after this. */
const AGAIN_WHEN_EXHAUSTED_MS = 30_000;

/** Gives networks their VXLAN ids, nodes their blocks of addresses and services their virtual ones; keys are network ids, also of networks that are gone. */
export class NetworkController implements Controller {
  readonly name = 'network';
  readonly #loop: ReconcileLoop;
  /** What each node can do for networks. */
  readonly #nodes = new Map<string, string>();

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (view, networkId) => this.#plan(view, networkId));
  }

  start(): void {
    const { view } = this.deps.store;
    for (const node of view.all('nodes')) this.#nodes.set(node.id, abilitiesOf(node.description));
    for (const network of view.all('networks')) this.#loop.mark(network.id);
    for (const kind of ['blocks', 'vips'] as const) for (const { networkId } of view.all(kind)) this.#loop.mark(networkId);
  }

  onChange(change: ObjectChange): void {
    const { view } = this.deps.store;
    if (change.kind === 'networks') this.#loop.mark(change.id);
    else if (change.kind === 'tasks' && change.object) this.#task(change.object);
    else if (change.kind === 'services') {
      for (const vip of view.vipsOfService(change.id)) this.#loop.mark(vip.networkId);
      this.#markByName(change.object?.spec.template.networks.map((attachment) => attachment.network) ?? []);
    } else if (change.kind === 'nodes') {
      const abilities = change.object && abilitiesOf(change.object.description);
      if (this.#nodes.get(change.id) === abilities) return;
      if (abilities === undefined) this.#nodes.delete(change.id);
      else this.#nodes.set(change.id, abilities);
      for (const network of view.all('networks')) this.#loop.mark(network.id);
    }
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #plan(view: ClusterView, networkId: string) {
    const cluster = view.get('clusters', 'cluster');
    if (!cluster) return { changes: [], againInMs: AGAIN_WHEN_EXHAUSTED_MS };
    const { changes, problems } = planNetwork(view, networkId, cluster, this.deps.clock.now());
    for (const problem of problems) this.deps.log.warn({ networkId }, problem);
    return problems.length > 0 ? { changes, againInMs: AGAIN_WHEN_EXHAUSTED_MS } : { changes };
  }

  /** A live task only matters when it is the first of its network on its node: a look at one key tells. */
  #task(task: Task): void {
    const { view } = this.deps.store;
    if (!occupies(task)) {
      // It may have been the last one with an address of a network that was removed.
      for (const networkId of Object.keys(task.status.addresses ?? {})) if (!view.get('networks', networkId)) this.#loop.mark(networkId);
      return;
    }
    const attachments = view.get('services', task.serviceId)?.spec.template.networks ?? [];
    const lacking = attachments.filter(({ network }) => {
      const id = view.byName('networks', network)?.id;
      return id !== undefined && !view.get('blocks', networkBlockId(id, task.nodeId as string));
    });
    this.#markByName(lacking.map((attachment) => attachment.network));
  }

  #markByName(names: readonly string[]): void {
    for (const name of names) {
      const network = this.deps.store.view.byName('networks', name);
      if (network) this.#loop.mark(network.id);
    }
  }
}

import type { ObjectChange } from '@tessera/api';
import type { ReconcileLoop } from '@tessera/kit';
import { isUnheard, planAbsence } from '../plan/absence.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

/** Agents try the managers that they know in turn, at least every 5 s; one that does not answer may take as long. */
const COME_BACK_MS = 10_000;

/** Judges nodes whose manager is gone, as nobody else does; keys are node ids. */
export class AbsenceController implements Controller {
  readonly name = 'absence';
  readonly #loop: ReconcileLoop;
  /** Since when, in monotonic milliseconds, and in which session a node is unheard. */
  readonly #unheard = new Map<string, { sinceMs: number; epoch: number }>();

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (_, nodeId) => this.#plan(nodeId));
  }

  start(): void {
    for (const node of this.deps.store.view.all('nodes')) this.#loop.mark(node.id);
  }

  onChange(change: ObjectChange): void {
    if (change.kind === 'nodes') this.#loop.mark(change.id);
    else if (change.kind === 'managers') this.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #plan(nodeId: string) {
    const { store, clock } = this.deps;
    const node = store.view.get('nodes', nodeId);
    if (!node || !isUnheard(store.view, node)) {
      this.#unheard.delete(nodeId);
      return { changes: [] };
    }
    const epoch = node.session?.epoch ?? 0;
    const known = this.#unheard.get(nodeId);
    const since = known?.epoch === epoch ? known : { sinceMs: clock.monotonic(), epoch };
    this.#unheard.set(nodeId, since);
    return planAbsence(store.view, node, clock.monotonic() - since.sinceMs, COME_BACK_MS, clock.now());
  }
}

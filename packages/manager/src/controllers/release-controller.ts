import type { ObjectChange } from '@tessera/api';
import { ReconcileLoop } from '@tessera/kit';
import { planReleases } from '../plan/release.js';
import { restoreRelease } from '../use-case/releases.js';
import { carryOut } from './carry-out.js';
import type { Controller, ControllerDeps } from './controller.js';

const AGAIN_AFTER_CONFLICT_MS = 20;

/**
 * Says what comes of releases, takes atomic ones back when they fail, and forgets old ones; keys are stack ids, also of stacks
 * that are gone. It looks at the tasks of a stack now and then while that rolls out, not at each change of them.
 */
export class ReleaseController implements Controller {
  readonly name = 'release';
  readonly #loop: ReconcileLoop;

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = new ReconcileLoop({ ...deps, name: this.name, reconcile: (stackId) => this.#reconcile(stackId) });
  }

  start(): void {
    for (const stack of this.deps.store.view.all('stacks')) this.#loop.mark(stack.id);
    for (const release of this.deps.store.view.all('releases')) this.#loop.mark(release.stackId);
  }

  onChange(change: ObjectChange): void {
    if (change.kind === 'stacks') this.#loop.mark(change.id);
    else if (change.kind === 'releases' && change.object) this.#loop.mark(change.object.stackId);
    else if (change.kind === 'services' && change.object?.spec.stack !== undefined) this.#markByName(change.object.spec.stack);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #reconcile(stackId: string): Promise<number | undefined> {
    const { store, clock, log } = this.deps;
    const { changes, againInMs, restore } = planReleases(store.view, stackId, clock.now());
    if ((await carryOut(store, changes)) === 'conflict') return AGAIN_AFTER_CONFLICT_MS;
    if (!restore) return againInMs;
    log.warn(
      { stack: restore.failed.stack, release: restore.failed.number, to: restore.to.number, why: restore.why },
      'a release is taken back',
    );
    await restoreRelease(this.deps, restore.failed, restore.why);
    return undefined;
  }

  #markByName(stack: string): void {
    const { view } = this.deps.store;
    const id = view.byName('stacks', stack)?.id;
    if (id !== undefined) this.#loop.mark(id);
  }
}

import type { ObjectChange } from '@tessera/api';
import type { ReconcileLoop } from '@tessera/kit';
import { planContents } from '../plan/contents.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

const EVERYTHING = 'contents';
/** Kinds that name contents: when one of their objects goes or changes, a content may have lost its last user. */
const USERS: readonly string[] = ['configs', 'secrets', 'certificates', 'revisions', 'releases'];

const IMMUTABLE: readonly string[] = ['revisions', 'releases'];

/** Collects contents of configs and secrets that nothing names any more. */
export class ContentController implements Controller {
  readonly name = 'content';
  readonly #loop: ReconcileLoop;

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (view) => planContents(view, deps.clock.now()));
  }

  start(): void {
    this.#loop.mark(EVERYTHING);
  }

  onChange(change: ObjectChange): void {
    const mayFree = USERS.includes(change.kind) && (!IMMUTABLE.includes(change.kind) || change.object === undefined);
    if (mayFree && this.deps.store.view.count('contents') > 0) this.#loop.mark(EVERYTHING);
    // A content that was written and never named: a deploy that failed in the middle.
    else if (change.kind === 'contents' && change.object) this.#loop.mark(EVERYTHING);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }
}

import type { Faults } from '../faults.js';
import type { Ledger } from '../ledger.js';
import type { SimWorld, WorldListener } from '../world/world.js';

/** What invariants look at. */
export interface Scene {
  world: SimWorld;
  faults: Faults;
  ledger: Ledger;
}

/** One property of ARCHITECTURE.md, section 8, watched over the whole run. */
export interface Checks extends WorldListener {
  /** After each step of the run. */
  onStep?(): void;
  /** Once the faults have ended: what keeps the cluster from being at rest, or undefined when nothing does. */
  unrest?(): string | undefined;
}

export interface Invariant {
  /** By which it is named in reports. */
  readonly name: string;
  /** @param violated is told what is wrong; the run ends then */
  watch(scene: Scene, violated: (what: string) => void): Checks;
}

import type { Claim } from './claim.js';

/** What may make a refused group fit: read and cleared by whoever wakes the groups that wait. */
export interface Since {
  /** Nodes that are new or whose object changed, by index; also vacated indices. */
  nodes: ReadonlySet<number>;
  /** Nodes that a task has left. */
  room: ReadonlySet<number>;
  /** Claims of tasks that came or went anywhere. */
  claims: ReadonlySet<Claim>;
}

/** A journal of a node table. Bounded by the number of nodes and of groups, however long nobody reads it. */
export class TableChanges {
  #version = 0;
  #nodeVersion = 0;
  #nodes = new Set<number>();
  #room = new Set<number>();
  #claims = new Set<Claim>();
  #lastClaim: Claim | undefined;
  #isQuiet = false;

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** Grows with every change of a node object. */
  get nodeVersion(): number {
    return this.#nodeVersion;
  }

  /** @returns a version for the node object: above 0 and never given before. */
  noteNode(index: number): number {
    this.#version++;
    this.#nodes.add(index);
    return ++this.#nodeVersion;
  }

  /** Does something that is undone before it ends: nothing of it is noted. */
  quietly<T>(work: () => T): T {
    this.#isQuiet = true;
    try {
      return work();
    } finally {
      this.#isQuiet = false;
    }
  }

  noteTask(index: number, claim: Claim, sign: 1 | -1): void {
    if (this.#isQuiet) return;
    this.#version++;
    if (sign === -1) this.#room.add(index);
    // Tasks of a group come one after the other.
    if (claim === this.#lastClaim) return;
    this.#lastClaim = claim;
    this.#claims.add(claim);
  }

  take(): Since {
    const since = { nodes: this.#nodes, room: this.#room, claims: this.#claims };
    this.#nodes = new Set();
    this.#room = new Set();
    this.#claims = new Set();
    this.#lastClaim = undefined;
    return since;
  }
}

import type { Claim } from './claim.js';

const FIRST_CAPACITY = 64;
const NOWHERE = -1;

/** What one task holds. */
export interface Held {
  /** Node index. */
  index: number;
  claim: Claim;
  /** Whether it counts as a replica. */
  counts: boolean;
}

/**
 * Which task holds which claim on which node, in about 50 bytes a task: a number for the task, and flat arrays of node
 * indices and of numbers for claims, which tasks of one group share.
 */
export class ClaimLedger {
  readonly #slots = new Map<string, number>();
  readonly #vacant: number[] = [];
  #nodes = new Int32Array(FIRST_CAPACITY);
  /** Twice the claim's number, plus 1 when the task counts as a replica. */
  #kinds = new Int32Array(FIRST_CAPACITY);
  #size = 0;
  /** Claims by their number, with the number of tasks that hold them. */
  readonly #claims: Array<{ claim: Claim; holders: number } | undefined> = [];
  readonly #numbers = new Map<Claim, number>();
  readonly #vacantNumbers: number[] = [];

  get(taskId: string): Held | undefined {
    const slot = this.#slots.get(taskId);
    const index = slot === undefined ? NOWHERE : this.#nodes[slot]!;
    if (index === NOWHERE) return undefined;
    const kind = this.#kinds[slot!]!;
    return { index, claim: this.#claims[kind >> 1]!.claim, counts: (kind & 1) === 1 };
  }

  /** Whether the task holds exactly this. */
  has(taskId: string, index: number, claim: Claim, counts: boolean): boolean {
    const slot = this.#slots.get(taskId);
    if (slot === undefined || this.#nodes[slot] !== index) return false;
    const kind = this.#kinds[slot]!;
    return (kind & 1) === (counts ? 1 : 0) && this.#claims[kind >> 1]!.claim === claim;
  }

  /** The task must hold nothing. */
  set(taskId: string, index: number, claim: Claim, counts: boolean): void {
    const slot = this.#slots.get(taskId) ?? this.#takeSlot(taskId);
    const number = this.#numbers.get(claim) ?? this.#takeNumber(claim);
    this.#claims[number]!.holders++;
    this.#nodes[slot] = index;
    this.#kinds[slot] = number * 2 + (counts ? 1 : 0);
  }

  delete(taskId: string): Held | undefined {
    const held = this.get(taskId);
    const slot = this.#slots.get(taskId);
    if (slot === undefined) return undefined;
    this.#slots.delete(taskId);
    this.#vacant.push(slot);
    this.#drop(slot);
    return held;
  }

  /** Drops all that is held on one node, and tells each. Costs all tasks: for nodes that are removed. */
  deleteNode(index: number, onDropped: (held: Held) => void): void {
    for (let slot = 0; slot < this.#size; slot++) {
      if (this.#nodes[slot] !== index) continue;
      const kind = this.#kinds[slot]!;
      const { claim } = this.#claims[kind >> 1]!;
      this.#drop(slot);
      onDropped({ index, claim, counts: (kind & 1) === 1 });
    }
  }

  #drop(slot: number): void {
    if (this.#nodes[slot] === NOWHERE) return;
    this.#nodes[slot] = NOWHERE;
    const number = this.#kinds[slot]! >> 1;
    const entry = this.#claims[number]!;
    if (--entry.holders > 0) return;
    this.#claims[number] = undefined;
    this.#numbers.delete(entry.claim);
    this.#vacantNumbers.push(number);
  }

  #takeSlot(taskId: string): number {
    const slot = this.#vacant.pop() ?? this.#size++;
    if (slot === this.#nodes.length) {
      this.#nodes = grown(this.#nodes);
      this.#kinds = grown(this.#kinds);
    }
    this.#nodes[slot] = NOWHERE;
    this.#slots.set(taskId, slot);
    return slot;
  }

  #takeNumber(claim: Claim): number {
    const number = this.#vacantNumbers.pop() ?? this.#claims.length;
    this.#claims[number] = { claim, holders: 0 };
    this.#numbers.set(claim, number);
    return number;
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

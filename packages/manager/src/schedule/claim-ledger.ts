import type { Claim } from './claim.js';
import { TaskMap, type TaskRef } from './task-map.js';

const FIRST_CAPACITY = 64;
const NOWHERE = -1;
/** What {@link ClaimLedger.put} answers when the task holds that already. */
export const UNCHANGED = 'unchanged';

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
  readonly #slots = new TaskMap<number>();
  readonly #vacant: number[] = [];
  #nodes = new Int32Array(FIRST_CAPACITY);
  /** Twice the claim's number, plus 1 when the task counts as a replica. */
  #kinds = new Int32Array(FIRST_CAPACITY);
  #size = 0;
  /** Claims by their number, with the number of tasks that hold them. */
  readonly #claims: Array<{ claim: Claim; holders: number } | undefined> = [];
  readonly #numbers = new Map<Claim, number>();
  readonly #vacantNumbers: number[] = [];
  #latest = 0;

  /** @returns what the task held before, if anything; {@link UNCHANGED} when it is the same */
  put(task: TaskRef, index: number, claim: Claim, counts: boolean): Held | typeof UNCHANGED | undefined {
    const known = this.#slots.get(task);
    const number = this.#numberOf(claim);
    const kind = number * 2 + (counts ? 1 : 0);
    if (known !== undefined && this.#nodes[known] === index && this.#kinds[known] === kind) return UNCHANGED;
    // Before the former claim is dropped: they may be the same one.
    this.#claims[number]!.holders++;
    const before = known === undefined ? undefined : this.#heldIn(known);
    const slot = known ?? this.#takeSlot(task);
    this.#drop(slot);
    this.#nodes[slot] = index;
    this.#kinds[slot] = kind;
    return before;
  }

  delete(task: TaskRef): Held | undefined {
    const slot = this.#slots.get(task);
    if (slot === undefined) return undefined;
    const held = this.#heldIn(slot);
    this.#slots.delete(task);
    this.#vacant.push(slot);
    this.#drop(slot);
    return held;
  }

  /** Drops all that is held on one node, and tells each. Costs all tasks: for nodes that are removed. */
  deleteNode(index: number, onDropped: (held: Held) => void): void {
    for (let slot = 0; slot < this.#size; slot++) {
      if (this.#nodes[slot] !== index) continue;
      const held = this.#heldIn(slot)!;
      this.#drop(slot);
      onDropped(held);
    }
  }

  #heldIn(slot: number): Held | undefined {
    const index = this.#nodes[slot]!;
    if (index === NOWHERE) return undefined;
    const kind = this.#kinds[slot]!;
    return { index, claim: this.#claims[kind >> 1]!.claim, counts: (kind & 1) === 1 };
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

  #takeSlot(task: TaskRef): number {
    const slot = this.#vacant.pop() ?? this.#size++;
    if (slot === this.#nodes.length) {
      this.#nodes = grown(this.#nodes);
      this.#kinds = grown(this.#kinds);
    }
    this.#nodes[slot] = NOWHERE;
    this.#slots.set(task, slot);
    return slot;
  }

  /** Tasks of one claim come one after the other. */
  #numberOf(claim: Claim): number {
    if (this.#claims[this.#latest]?.claim !== claim) this.#latest = this.#numbers.get(claim) ?? this.#takeNumber(claim);
    return this.#latest;
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

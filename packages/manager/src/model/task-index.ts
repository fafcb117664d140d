import type { Task } from '@tessera/api';

/** Where the view keeps a task, and where its indices do. */
export interface TaskPlace {
  object: Task;
  /** In the tasks of its service, and of its node; below 0: in none. */
  ofService: number;
  ofNode: number;
}

/** Below so many gaps a list is not worth closing up. */
const MOST_GAPS = 16;
const NOWHERE = -1;

export function newTaskPlace(object: Task): TaskPlace {
  return { object, ofService: NOWHERE, ofNode: NOWHERE };
}

interface Bucket {
  places: Array<TaskPlace | undefined>;
  size: number;
}

/** Tasks by their service or node, in the order in which they came: lists with gaps, since there are too many tasks for sets of them. */
export class TaskIndex {
  readonly #buckets = new Map<string, Bucket>();

  /** @param lane which place of a task in a list is this index's own */
  constructor(
    private readonly keyOf: (task: Task) => string | undefined,
    private readonly lane: 'ofService' | 'ofNode',
  ) {}

  /** The place of a task holds something else now, or nothing. */
  update(place: TaskPlace, before: Task | undefined, after: Task | undefined): void {
    const [old, fresh] = [before && this.keyOf(before), after && this.keyOf(after)];
    if (old === fresh) return;
    if (old) this.#remove(old, place);
    if (fresh) this.#add(fresh, place);
  }

  *of(key: string): IterableIterator<Task> {
    // A list that is closed up meanwhile is another one: what was removed since is left out here.
    for (const place of this.#buckets.get(key)?.places ?? []) if (place && place[this.lane] !== NOWHERE) yield place.object;
  }

  #add(key: string, place: TaskPlace): void {
    let bucket = this.#buckets.get(key);
    if (!bucket) this.#buckets.set(key, (bucket = { places: [], size: 0 }));
    place[this.lane] = bucket.places.push(place) - 1;
    bucket.size++;
  }

  #remove(key: string, place: TaskPlace): void {
    const bucket = this.#buckets.get(key)!;
    bucket.places[place[this.lane]] = undefined;
    place[this.lane] = NOWHERE;
    if (--bucket.size === 0) this.#buckets.delete(key);
    else if (bucket.places.length > 2 * bucket.size + MOST_GAPS) this.#closeUp(bucket);
  }

  #closeUp(bucket: Bucket): void {
    bucket.places = bucket.places.filter((place) => place !== undefined);
    for (const [index, place] of bucket.places.entries()) place![this.lane] = index;
  }
}

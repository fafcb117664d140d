import type { GenericResource, GivenResource, Node, Task } from '@tessera/api';

/** Which named resources, such as GPUs, each task has of its node. No id is given twice on a node. */
export class GivenIds {
  readonly #tasks = new Map<string, { index: number; resources: readonly GivenResource[] }>();
  /** How many tasks have an id, as `kind/id`, by node index. For a moment it may be two: a task that ends and the one that its agent started in its place. */
  readonly #taken = new Map<number, Map<string, number>>();

  /** What the task has of the node at `index`, in place of what it had. */
  put({ id, resources }: Pick<Task, 'id' | 'resources'>, index: number): void {
    this.release(id);
    if (!resources?.length) return;
    this.#tasks.set(id, { index, resources });
    let taken = this.#taken.get(index);
    if (!taken) this.#taken.set(index, (taken = new Map()));
    for (const key of keysOf(resources)) taken.set(key, (taken.get(key) ?? 0) + 1);
  }

  release(taskId: string): void {
    if (this.#tasks.size === 0) return;
    const given = this.#tasks.get(taskId);
    if (!given) return;
    this.#tasks.delete(taskId);
    const taken = this.#taken.get(given.index)!;
    for (const key of keysOf(given.resources)) {
      const left = taken.get(key)! - 1;
      if (left === 0) taken.delete(key);
      else taken.set(key, left);
    }
    if (taken.size === 0) this.#taken.delete(given.index);
  }

  /** Costs all tasks that have any: for nodes that are removed. */
  releaseNode(index: number): void {
    for (const [taskId, given] of this.#tasks) if (given.index === index) this.release(taskId);
  }

  /** Free ids of the node for what is wanted of it, the node's first ones first; nothing for kinds that it only counts. */
  choose(index: number, node: Node, wanted: readonly GenericResource[]): GivenResource[] {
    const taken = this.#taken.get(index);
    return wanted.flatMap(({ kind, count }) => {
      const offered = node.description?.resources.generic.find((resource) => resource.kind === kind)?.ids;
      if (!offered || count === 0) return [];
      return [{ kind, ids: offered.filter((id) => !taken?.has(`${kind}/${id}`)).slice(0, count) }];
    });
  }
}

function* keysOf(resources: readonly GivenResource[]): Iterable<string> {
  for (const { kind, ids } of resources) for (const id of ids) yield `${kind}/${id}`;
}

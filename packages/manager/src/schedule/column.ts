import type { Node } from '@tessera/api';

/** Where a column reads the nodes. */
export interface NodeSource {
  readonly size: number;
  node(index: number): Node | undefined;
  /** Grows with each change of any node object. */
  readonly nodeVersion: number;
  /** Grows with each change of the node object at `index`; never 0 for a node. */
  versionAt(index: number): number;
}

/** A number of every node that follows from the node object alone. Worked out again only for nodes that have changed. */
export class Column {
  #values = new Int32Array(0);
  #versions = new Int32Array(0);
  #zero = { version: -1, is: true };

  constructor(
    private readonly nodes: NodeSource,
    private readonly compute: (node: Node) => number,
  ) {}

  at(index: number): number {
    const version = this.nodes.versionAt(index);
    if (this.#versions[index] !== version) this.#update(index, version);
    return this.#values[index]!;
  }

  /** Whether it is 0 of all nodes. Looks at them only when one has changed. */
  get isZero(): boolean {
    if (this.#zero.version !== this.nodes.nodeVersion) this.#zero = { version: this.nodes.nodeVersion, is: this.#isZero() };
    return this.#zero.is;
  }

  #isZero(): boolean {
    for (let index = 0; index < this.nodes.size; index++) if (this.nodes.node(index) && this.at(index) !== 0) return false;
    return true;
  }

  #update(index: number, version: number): void {
    if (index >= this.#values.length) {
      const [values, versions] = [this.#values, this.#versions];
      const capacity = Math.max(this.nodes.size, index + 1, values.length * 2);
      this.#values = new Int32Array(capacity);
      this.#versions = new Int32Array(capacity);
      this.#values.set(values);
      this.#versions.set(versions);
    }
    this.#values[index] = this.compute(this.nodes.node(index)!);
    this.#versions[index] = version;
  }
}

/** Columns by a key that says what they hold; the ones not asked for the longest are forgotten. */
export class ColumnCache<C> {
  readonly #columns = new Map<string, C>();

  constructor(private readonly most: number) {}

  get(key: string, make: () => C): C {
    const column = this.#columns.get(key) ?? make();
    this.#columns.delete(key);
    this.#columns.set(key, column);
    if (this.#columns.size > this.most) this.#columns.delete(this.#columns.keys().next().value as string);
    return column;
  }
}

/** The values of one attribute as small numbers: nodes of one zone have the same. */
export class Domains {
  readonly #column: Column;
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  /** @param read the attribute's value of a node */
  constructor(nodes: NodeSource, read: (node: Node) => string) {
    this.#column = new Column(nodes, (node) => this.#numberOf(read(node)));
  }

  /** Number of the domain of the node at `index`. */
  at(index: number): number {
    return this.#column.at(index);
  }

  /** One above the highest number so far. */
  get count(): number {
    return this.#names.length;
  }

  nameOf(domain: number): string {
    return this.#names[domain]!;
  }

  #numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) this.#numbers.set(name, (number = this.#names.push(name) - 1));
    return number;
  }
}

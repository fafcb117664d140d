import assert from 'node:assert/strict';
import type { Node, ServiceSpec, Task } from '@tessera/api';
import fc from 'fast-check';
import { isToldToGo } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { ScheduledWorld } from '../testing/scheduled-world.js';

/** What a service of one task asks for. */
interface Wish {
  memory: number;
  gpus: number;
  port: boolean;
  ssd: boolean;
  priority: number;
}

/** One that runs already, if its node has room for it. */
interface Running extends Wish {
  node: number;
  /** It was told to go, and has not gone yet. */
  leaves: boolean;
}

interface Host {
  memory: number;
  kept: number;
  gpus: number;
  ssd: boolean;
}

const HIGH = 'high';
const number = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const hosts = fc.array(
  fc.record({ memory: number(3, 6), kept: fc.constantFrom(0, 0, 1), gpus: number(0, 2), ssd: fc.constantFrom(true, true, false) }),
  { minLength: 1, maxLength: 3 },
);
const running = fc.array(
  fc.record({
    memory: fc.constantFrom(1, 1, 2, 3),
    gpus: fc.constantFrom(0, 0, 0, 1, 2),
    port: fc.constantFrom(false, false, true),
    ssd: fc.constant(false),
    priority: number(-2, 2),
    node: number(0, 2),
    leaves: fc.constantFrom(false, false, false, false, true),
  }),
  { minLength: 4, maxLength: 16 },
);
const high: fc.Arbitrary<Wish> = fc.record({
  memory: number(0, 4),
  gpus: fc.constantFrom(0, 0, 0, 1, 2),
  port: fc.constantFrom(false, false, true),
  ssd: fc.constantFrom(false, false, false, true),
  priority: number(0, 3),
});

/** The rules once more: all sets of lower tasks are tried on every node. */
class Plain {
  constructor(
    private readonly nodes: readonly Host[],
    private readonly running: readonly Running[],
    private readonly high: Wish,
  ) {}

  /** Where the task fits as things are. */
  get fitting(): number[] {
    return this.#suiting().filter((node) => this.#fits(this.high, node, this.#on(node)));
  }

  /** Those that have to go, by their place among what runs; nothing when that does not help. */
  get victims(): number[] | undefined {
    const options = this.#suiting().flatMap((node) => {
      const victims = this.#victimsOn(node);
      return victims ? [{ node, victims }] : [];
    });
    const highest = (victims: readonly number[]): number => Math.max(...victims.map((at) => this.running[at]!.priority));
    options.sort((a, b) => a.victims.length - b.victims.length || highest(a.victims) - highest(b.victims) || a.node - b.node);
    return options[0]?.victims;
  }

  /** What runs: of those that would have been too much for their node there are none. */
  get admitted(): number[] {
    const admitted: number[] = [];
    for (const [at, one] of this.running.entries()) {
      const others = admitted.filter((other) => this.running[other]!.node === one.node);
      if (this.nodes[one.node] && this.#fits(one, one.node, others)) admitted.push(at);
    }
    return admitted;
  }

  #suiting(): number[] {
    return [...this.nodes.keys()].filter((node) => !this.high.ssd || this.nodes[node]!.ssd);
  }

  /** A single one if one is enough, the least worthy; else the set that spares the worthiest, then the next one, and so on. */
  #victimsOn(node: number): number[] | undefined {
    const staying = this.#on(node).filter((at) => !this.running[at]!.leaves);
    const lower = staying.filter((at) => this.running[at]!.priority < this.high.priority);
    // The least worthy first: of equals the youngest.
    lower.sort((a, b) => this.running[a]!.priority - this.running[b]!.priority || b - a);
    const without = (gone: readonly number[]): number[] => staying.filter((at) => !gone.includes(at));
    const enough = subsets(lower).filter((gone) => this.#fits(this.high, node, without(gone)));
    const worth = (gone: readonly number[]): number => gone.reduce((sum, at) => sum + 2 ** lower.indexOf(at), 0);
    const least = Math.min(...enough.map(({ length }) => length));
    const best = least === 1 ? enough.filter(({ length }) => length === 1) : enough;
    return best.sort((a, b) => worth(a) - worth(b))[0];
  }

  #fits({ memory, gpus, port }: Wish, node: number, others: readonly number[]): boolean {
    const host = this.nodes[node]!;
    const sum = (what: 'memory' | 'gpus'): number => others.reduce((all, at) => all + this.running[at]![what], 0);
    return (
      (memory === 0 || sum('memory') + memory <= host.memory - host.kept) &&
      sum('gpus') + gpus <= host.gpus &&
      !(port && others.some((at) => this.running[at]!.port))
    );
  }

  #on(node: number): number[] {
    return this.admitted.filter((at) => this.running[at]!.node === node);
  }
}

function subsets(of: readonly number[]): number[][] {
  const [first, ...rest] = of;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}

function toNode({ memory, kept, gpus, ssd }: Host, index: number): Node {
  const ids = ['g1', 'g2'].slice(0, gpus);
  return readyNode(`n${index}`, {
    labels: ssd ? { disk: 'ssd' } : {},
    resources: {
      memoryBytes: memory,
      generic: gpus === 0 ? [] : [{ kind: 'gpu', count: gpus, ids }],
      reserved: { memoryBytes: kept, nanoCpus: 0 },
    },
  });
}

function toSpec(name: string, { memory, gpus, port, ssd, priority }: Wish): ServiceSpec {
  return serviceSpec(name, 1, (spec) => {
    spec.template.reservations = { nanoCpus: 0, memoryBytes: memory, generic: gpus === 0 ? [] : [{ kind: 'gpu', count: gpus }] };
    if (port) spec.ports = [{ protocol: 'tcp', target: 80, published: 80, mode: 'host' }];
    if (ssd) spec.placement.constraints = ['node.labels.disk==ssd'];
    spec.placement.priority = priority;
  });
}

/** What runs is on its nodes, and the task of high priority waits. */
function build(nodes: readonly Host[], all: readonly Running[], plain: Plain, asked: Wish): ScheduledWorld {
  const world = new ScheduledWorld();
  nodes.map(toNode).forEach((node) => void world.putNode(node));
  for (const at of plain.admitted) {
    const { node, leaves, ...own } = all[at]!;
    world.now++;
    world.deploy(`s${at}`, 1, toSpec(`s${at}`, own));
    const taken = [...world.view.tasksOfNode(`n${node}`)].flatMap(({ resources = [] }) => resources.flatMap(({ ids }) => ids));
    const ids = ['g1', 'g2'].filter((id) => !taken.includes(id)).slice(0, own.gpus);
    const task: Task = { ...world.view.get('tasks', `s${at}.1`)!, nodeId: `n${node}`, desired: leaves ? 'shutdown' : 'running' };
    world.putTask({
      ...task,
      status: { ...task.status, state: 'running' },
      ...(ids.length > 0 && { resources: [{ kind: 'gpu', ids }] }),
    });
  }
  world.now++;
  world.deploy(HIGH, 1, toSpec(HIGH, asked));
  return world;
}

const highTask = (world: ScheduledWorld): Task => world.view.get('tasks', `${HIGH}.1`)!;

/** What was told to go goes. */
function leave(world: ScheduledWorld): void {
  for (const task of [...world.view.all('tasks')])
    if (isToldToGo(task)) world.putTask({ ...task, status: { ...task.status, state: 'shutdown' } });
  world.pass();
}

describe('pre-emption beside brute force', () => {
  it('displaces exactly those that the plain rules say, for memory, ids and ports, on every small cluster', () => {
    fc.assert(
      fc.property(hosts, running, high, (nodes, all, asked) => {
        const plain = new Plain(nodes, all, asked);
        const world = build(nodes, all, plain, asked);
        world.pass();
        const displaced = [...world.view.all('tasks')].filter(({ madeRoomFor }) => madeRoomFor).map(({ id }) => id);
        const isPlaced = plain.fitting.length > 0;
        assert.equal(highTask(world).nodeId !== undefined, isPlaced);
        const victims = isPlaced ? [] : plain.victims;
        assert.deepEqual(displaced.sort(), (victims ?? []).map((at) => `s${at}.1`).sort());
        leave(world);
        assert.equal(highTask(world).nodeId !== undefined, victims !== undefined, 'and so it comes to run, or stays where nothing helps');
        assert.equal((highTask(world).resources ?? []).flatMap(({ ids }) => ids).length, victims === undefined ? 0 : asked.gpus);
      }),
      { numRuns: 1_000 },
    );
  });
});

import type { Shape } from './workload.js';

/** A shape that is measured, with what is known of others at it. */
export interface MeasuredShape extends Shape {
  name: string;
  /** Seconds of SwarmKit's own benchmark (`manager/scheduler`, store in memory) on the same kind of machine, as published. */
  swarmkitS?: number;
  /** Seconds that are aimed at. */
  goalS?: number;
  /** Processes that measure it; the median counts. */
  runs: number;
}

const jobs = (tasks: number, perJob: number): Pick<Shape, 'services' | 'tasksPerService'> => ({
  services: tasks / perJob,
  tasksPerService: perJob,
});

export const SHAPES: readonly MeasuredShape[] = [
  { name: '1k nodes, 1k tasks', nodes: 1_000, ...jobs(1_000, 100), kind: 'plain', swarmkitS: 0.12, runs: 3 },
  { name: '1k nodes, 10k tasks', nodes: 1_000, ...jobs(10_000, 1_000), kind: 'plain', swarmkitS: 0.99, runs: 3 },
  { name: '1k nodes, 100k tasks', nodes: 1_000, ...jobs(100_000, 1_000), kind: 'plain', swarmkitS: 11.6, goalS: 0.6, runs: 3 },
  { name: '1k nodes, 10k tasks, constraints', nodes: 1_000, ...jobs(10_000, 1_000), kind: 'constraints', swarmkitS: 0.84, runs: 3 },
  {
    name: '5k nodes, 100k tasks, constraints',
    nodes: 5_000,
    ...jobs(100_000, 1_000),
    kind: 'constraints',
    swarmkitS: 36.4,
    goalS: 1.5,
    runs: 3,
  },
  { name: '5k nodes, 100k tasks', nodes: 5_000, ...jobs(100_000, 1_000), kind: 'plain', runs: 3 },
  { name: '5k nodes, 100k tasks, one per node', nodes: 5_000, ...jobs(100_000, 1_000), kind: 'one-per-node', runs: 3 },
  { name: '5k nodes, 100k tasks, zones and racks', nodes: 5_000, ...jobs(100_000, 1_000), kind: 'zones', runs: 3 },
  { name: '1k nodes, 10k services of one task', nodes: 1_000, ...jobs(10_000, 1), kind: 'plain', runs: 1 },
];

/** What the rest of the table is compared with. */
export const PLAIN_5K = '5k nodes, 100k tasks';
/** Shapes that differ in the number of tasks alone, and of nodes alone. */
export const TASK_GROWTH = ['1k nodes, 1k tasks', '1k nodes, 10k tasks', '1k nodes, 100k tasks'] as const;
export const NODE_GROWTH: readonly MeasuredShape[] = [500, 1_000, 2_000, 4_000, 8_000].map((nodes) => ({
  name: `${nodes} nodes, 20k tasks`,
  nodes,
  ...jobs(20_000, 1_000),
  kind: 'plain',
  runs: 1,
}));

import type { Report, Table } from '../bench.js';
import { fitLine, logLogSlope, median, percentile } from '../statistics.js';
import type { Filled } from './fill.js';
import type { Answers } from './measure.js';
import { type MeasuredShape, PLAIN_5K, TASK_GROWTH } from './shapes.js';

export interface Findings {
  shapes: Array<{ shape: MeasuredShape; runs: Filled[] }>;
  growth: Array<{ shape: MeasuredShape; runs: Filled[] }>;
  million: Answers['million'];
  oneTask: Answers['one-task'];
  throughEtcd: Answers['through-etcd'];
}

/** Medians of one shape, in seconds. */
interface Summary {
  shape: MeasuredShape;
  totalS: number;
  placeS: number;
  cpuS: number;
  peakBytes: number;
}

export function report(findings: Findings): Report {
  const shapes = findings.shapes.map(summarise);
  const growth = findings.growth.map(summarise);
  const figures = {
    shapes,
    growth,
    million: millionOf(findings.million),
    oneTask: oneTaskOf(findings.oneTask),
    throughEtcd: etcdOf(findings.throughEtcd),
  };
  return {
    tables: [
      shapeTable(shapes),
      growthTable(shapes, growth),
      millionTable(figures.million),
      pathTable(figures.oneTask, figures.throughEtcd),
    ],
    data: { figures, findings },
  };
}

function summarise({ shape, runs }: Findings['shapes'][number]): Summary {
  return {
    shape,
    totalS: median(runs.map(({ createMs, placeMs }) => createMs + placeMs)) / 1_000,
    placeS: median(runs.map(({ placeMs }) => placeMs)) / 1_000,
    cpuS: median(runs.map(({ cpuMs }) => cpuMs)) / 1_000,
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  };
}

function shapeTable(shapes: readonly Summary[]): Table {
  const plainS = shapes.find(({ shape }) => shape.name === PLAIN_5K)!.cpuS;
  return {
    title: 'Created, placed and committed (store in memory)',
    columns: [
      'shape',
      'whole s',
      'placed s',
      'CPU s',
      'tasks/s',
      'MiB',
      'SwarmKit s',
      'ratio',
      'ratio placed',
      'ratio CPU',
      'goal s',
      'to plain',
    ],
    rows: shapes.map(({ shape, totalS, placeS, cpuS, peakBytes }) => [
      shape.name,
      seconds(totalS),
      seconds(placeS),
      seconds(cpuS),
      String(Math.round((shape.services * shape.tasksPerService) / totalS)),
      mebibytes(peakBytes),
      ...comparison(shape.swarmkitS, [totalS, placeS, cpuS]),
      shape.goalS === undefined ? '' : `${shape.goalS} ${totalS <= shape.goalS ? 'met' : 'NOT met'}`,
      shape.nodes === 5_000 ? times(cpuS / plainS) : '',
    ]),
    notes: [
      'whole: nodes, services and tasks created in the state, tasks placed and committed. placed: the same without the creation of the objects, as SwarmKit times its own. ' +
        'CPU: processor time of the whole, all threads: on free cores the whole takes no longer. Medians; each run is a process of its own that has ' +
        'filled a smaller cluster before. to plain: processor time beside that of the plain shape.',
      'SwarmKit: `manager/scheduler` of its repository, store in memory; published, same kind of machine, not run here.',
    ],
  };
}

/** The peer's time, and how many times ours it is. */
function comparison(peerS: number | undefined, oursS: readonly number[]): string[] {
  if (peerS === undefined) return ['', ...oursS.map(() => '')];
  return [String(peerS), ...oursS.map((ownS) => times(peerS / ownS))];
}

function growthTable(shapes: readonly Summary[], growth: readonly Summary[]): Table {
  const byTasks = TASK_GROWTH.map((name) => shapes.find(({ shape }) => shape.name === name)!);
  const tasksOf = ({ shape }: Summary): number => shape.services * shape.tasksPerService;
  const row = (name: string, points: readonly Summary[], size: (point: Summary) => number): string[] => [
    name,
    points.map((point) => `${size(point)}: ${seconds(point.totalS)}`).join(', '),
    logLogSlope(points.map((point) => [size(point), point.totalS] as const)).toFixed(2),
    logLogSlope(points.map((point) => [size(point), point.cpuS] as const)).toFixed(2),
  ];
  return {
    title: 'Growth',
    columns: ['against', 'seconds', 'log-log slope', 'slope of CPU'],
    rows: [row('tasks, at 1k nodes', byTasks, tasksOf), row('nodes, at 20k tasks', growth, ({ shape }) => shape.nodes)],
  };
}

interface MillionFigures {
  totalS: number;
  cpuS: number;
  tasksPerS: number;
  peakBytes: number;
  /** By a line fitted through the ten blocks of 100,000 tasks: how much more the last cost than the first. */
  growth: number;
  cpuGrowth: number;
  firstMs: number;
  lastMs: number;
}

function millionOf({ blocks, peakBytes }: Answers['million']): MillionFigures {
  const totalS = blocks.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000;
  const growthOf = (pick: (block: (typeof blocks)[number]) => number): number => {
    const line = fitLine(blocks.map((block, index) => [index, pick(block)] as const));
    return line.at(blocks.length - 1) / line.at(0) - 1;
  };
  return {
    totalS,
    cpuS: blocks.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1_000,
    tasksPerS: 1_000_000 / totalS,
    peakBytes,
    growth: growthOf(({ tookMs }) => tookMs),
    cpuGrowth: growthOf(({ cpuMs }) => cpuMs),
    firstMs: blocks[0]!.tookMs,
    lastMs: blocks.at(-1)!.tookMs,
  };
}

function millionTable(million: MillionFigures): Table {
  return {
    title: "C1M's shape: 5k nodes, 1,000 services of 1,000 tasks, constraints, one process",
    columns: [
      'whole s',
      'CPU s',
      'goal s',
      'tasks/s',
      'Nomad tasks/s',
      'ratio',
      'MiB',
      'first 100k s',
      'last 100k s',
      'growth',
      'growth of CPU',
    ],
    rows: [
      [
        seconds(million.totalS),
        seconds(million.cpuS),
        `25 ${million.totalS <= 25 ? 'met' : 'NOT met'}`,
        String(Math.round(million.tasksPerS)),
        '3750',
        times(million.tasksPerS / 3_750),
        mebibytes(million.peakBytes),
        seconds(million.firstMs / 1_000),
        seconds(million.lastMs / 1_000),
        percent(million.growth),
        percent(million.cpuGrowth),
      ],
    ],
    notes: [
      'growth: of the cost of a task from the first 100,000 to the last, by a line fitted through all ten (goal: within 10%). Nomad: published, on five servers, containers started too.',
    ],
  };
}

interface OneTaskFigures {
  p50Ms: number;
  p99Ms: number;
  cpuP99Ms: number;
}

function oneTaskOf({ latenciesMs, cpusMs }: Answers['one-task']): OneTaskFigures {
  return { p50Ms: percentile(latenciesMs, 50), p99Ms: percentile(latenciesMs, 99), cpuP99Ms: percentile(cpusMs, 99) };
}

interface EtcdFigures {
  tasks: number;
  tasksPerS: number;
  txns: number;
  txnsPerS: number;
  bareTxnsPerS: number;
  /** Share of one core that this process was busy. */
  busy: number;
  bareBusy: number;
}

function etcdOf({ tasks, placeMs, txns, bareMs, cpuMs, bareCpuMs }: Answers['through-etcd']): EtcdFigures {
  return {
    tasks,
    tasksPerS: (tasks / placeMs) * 1_000,
    txns,
    txnsPerS: (txns / placeMs) * 1_000,
    bareTxnsPerS: (txns / bareMs) * 1_000,
    busy: cpuMs / placeMs,
    bareBusy: bareCpuMs / bareMs,
  };
}

function pathTable(one: OneTaskFigures, etcd: EtcdFigures): Table {
  return {
    title: 'One task, and through etcd',
    columns: ['what', 'found'],
    rows: [
      [
        'one task created, placed and committed at 5k nodes, 100k tasks',
        `p50 ${one.p50Ms.toFixed(2)} ms, p99 ${one.p99Ms.toFixed(2)} ms, p99 of CPU ${one.cpuP99Ms.toFixed(2)} ms (goal 2 ms ${one.p99Ms < 2 ? 'met' : 'NOT met'})`,
      ],
      [
        `assigned and committed through etcd on loopback, ${etcd.tasks} tasks at 1k nodes`,
        `${Math.round(etcd.tasksPerS)} tasks/s in ${etcd.txns} txns, ${Math.round(etcd.txnsPerS)} txns/s`,
      ],
      [
        'the same txns written by a bare loop, 8 at a time',
        `${Math.round(etcd.bareTxnsPerS)} txns/s: placing reaches ${percent(etcd.txnsPerS / etcd.bareTxnsPerS)} of it`,
      ],
      ['busy share of one core in this process: placing, bare loop', `${percent(etcd.busy)}, ${percent(etcd.bareBusy)}`],
    ],
  };
}

function seconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

function times(value: number): string {
  return `${value.toFixed(1)}x`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}

function mebibytes(bytes: number): string {
  return String(Math.round(bytes / 1024 ** 2));
}

import type { Bench, BenchContext } from '../bench.js';
import { inChild } from '../child.js';
import type { Filled } from './fill.js';
import type { Answers, Request } from './measure.js';
import { type Findings, report } from './report.js';
import { type MeasuredShape, NODE_GROWTH, SHAPES } from './shapes.js';

const CHILD = new URL('./measure.js', import.meta.url);

export const schedulerBench: Bench = {
  name: 'scheduler',
  summary: 'objects created in the state, placed and committed; 1k to 1M tasks, in memory and through etcd',
  async run(context) {
    const shapes = await measureAll(SHAPES, context);
    const growth = await measureAll(NODE_GROWTH, context);
    context.progress('5k nodes, 1M tasks in 1,000 services, constraints');
    const million = await ask({ what: 'million' });
    context.progress('one task at a time at 5k nodes, 100k tasks');
    const oneTask = await ask({ what: 'one-task' });
    context.progress('through etcd on loopback');
    const throughEtcd = await ask({ what: 'through-etcd' });
    return report({ shapes, growth, million, oneTask, throughEtcd });
  },
};

async function measureAll(shapes: readonly MeasuredShape[], { progress }: BenchContext): Promise<Findings['shapes']> {
  const found: Findings['shapes'] = [];
  for (const shape of shapes) {
    progress(shape.name);
    const runs: Filled[] = [];
    for (let run = 0; run < shape.runs; run++) runs.push(await ask({ what: 'fill', shape }));
    found.push({ shape, runs });
  }
  return found;
}

function ask<R extends Request>(request: R): Promise<Answers[R['what']]> {
  return inChild(CHILD, request);
}

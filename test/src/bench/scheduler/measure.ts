import { answer } from '../child.js';
import { type Filled, warmFill } from './fill.js';
import { type Million, placeMillion } from './million.js';
import { type OneTask, placeOneByOne } from './one-task.js';
import { placeThroughEtcd, type ThroughEtcd } from './through-etcd.js';
import type { Shape } from './workload.js';

/** What one process of its own measures. */
export type Request = { what: 'fill'; shape: Shape } | { what: 'million' } | { what: 'one-task' } | { what: 'through-etcd' };

export interface Answers {
  fill: Filled;
  million: Million;
  'one-task': OneTask;
  'through-etcd': ThroughEtcd;
}

function measure(request: Request): Promise<Answers[Request['what']]> {
  switch (request.what) {
    case 'fill':
      return warmFill(request.shape);
    case 'million':
      return placeMillion();
    case 'one-task':
      return placeOneByOne();
    case 'through-etcd':
      return placeThroughEtcd();
  }
}

await answer(measure);

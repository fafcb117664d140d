import type { Finding, Node } from '@tessera/api';
import { formatDuration } from '@tessera/api/spec/duration';
import { isLive, isRunning } from '../../model/task.js';
import type { Asking } from './asking.js';
import { finding } from './finding.js';
import { count } from './placement.js';
import { explainTaskState } from './task.js';

/** How a node stands, in a sentence, and why it does not take or run tasks. */
export function explainNode(asking: Asking, node: Node): { summary: string; findings: Finding[] } {
  const tasks = [...asking.view.tasksOfNode(node.id)].filter(isLive);
  const running = tasks.filter(isRunning).length;
  const findings = [...stateFindings(asking, node), ...availabilityFindings(node, tasks.length), ...taintFindings(node)];
  return {
    summary: `${node.status.state}, ${node.spec.availability}, ${running} of its ${count(tasks.length, 'task')} run`,
    findings: [...findings, ...tasks.flatMap((task) => explainTaskState(asking, task) ?? [])],
  };
}

function stateFindings({ now }: Asking, { name, status }: Node): Finding[] {
  if (status.state === 'ready') return [];
  const since = `for ${formatDuration(now - status.at)}`;
  if (status.state === 'unknown')
    return [
      finding('node-unknown', 'waiting', name, {
        text: `its agent has not been heard of yet, ${since}: ${status.message}`,
        cure: 'start it on the host: tessera-agent run',
      }),
    ];
  return [
    finding('node-down', 'problem', name, {
      text: `is down ${since}: ${status.message}`,
      details: ['its tasks run elsewhere where they can; it takes none'],
      cure: `see on the host whether tessera-agent runs and reaches a manager; if the host is gone for good: tsctl node rm ${name}`,
    }),
  ];
}

function availabilityFindings({ name, spec }: Node, left: number): Finding[] {
  if (spec.availability === 'active') return [];
  const cure = `tsctl node activate ${name}`;
  if (spec.availability === 'pause')
    return [finding('node-paused', 'note', name, { text: 'is paused: it keeps its tasks and takes no new ones', cure })];
  const text = left === 0 ? 'is drained: it has no tasks and takes none' : `is being drained: ${count(left, 'task')} left`;
  return [finding('node-drained', left === 0 ? 'note' : 'waiting', name, { text, cure })];
}

function taintFindings({ name, spec: { taints = [] } }: Node): Finding[] {
  return taints.map(({ key, value, effect }) =>
    finding('node-tainted', 'note', name, {
      text: `has the taint ${key}${value === '' ? '' : `=${value}`}:${effect}`,
      details: ['services that do not tolerate it (x-tolerations) are kept off'],
    }),
  );
}

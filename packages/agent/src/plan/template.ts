import type { TaskAssignment } from '@tessera/api';

/** What templates can tell of the node. */
export interface NodeFacts {
  id: string;
  hostname: string;
  os: string;
  architecture: string;
}

/** A spec that this agent cannot carry out; the message says which field and why. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
}

const PLACEHOLDER = /\{\{-?\s*(.*?)\s*-?\}\}/g;
const INDEXED_LABEL = /^index\s+\.Service\.Labels\s+"([^"]*)"$/;
const LABEL_PATH = '.Service.Labels.';

/**
 * Expands Swarm's placeholders such as `{{.Task.Slot}}` and `{{index .Service.Labels "a.b"}}`. Text in braces that does not start like one
 * of them is left as it is.
 * @throws SpecError for a placeholder that Swarm does not have.
 */
export function expand(text: string, task: TaskAssignment, node: NodeFacts): string {
  return text.replace(PLACEHOLDER, (whole, inner: string) => {
    const label = labelName(inner);
    if (label !== undefined) return task.serviceLabels[label] ?? '';
    if (!inner.startsWith('.')) return whole;
    const value = placeholders(task, node)[inner];
    if (value === undefined)
      throw new SpecError(`unknown placeholder ${whole}: known are ${Object.keys(placeholders(task, node)).join(', ')}`);
    return value;
  });
}

function labelName(inner: string): string | undefined {
  if (inner.startsWith(LABEL_PATH)) return inner.slice(LABEL_PATH.length);
  return INDEXED_LABEL.exec(inner)?.[1];
}

function placeholders(task: TaskAssignment, node: NodeFacts): Record<string, string> {
  return {
    '.Node.ID': node.id,
    '.Node.Hostname': node.hostname,
    '.Node.Platform.OS': node.os,
    '.Node.Platform.Architecture': node.architecture,
    '.Service.ID': task.serviceId,
    '.Service.Name': task.serviceName,
    '.Task.ID': task.id,
    '.Task.Name': `${task.serviceName}.${task.slot ?? node.id}.${task.id}`,
    // Swarm gives tasks of global services the node's id in the slot's place.
    '.Task.Slot': task.slot === undefined ? node.id : String(task.slot),
  };
}

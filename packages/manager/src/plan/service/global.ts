import type { Node, Service } from '@tessera/api';
import { slotKey } from '../../model/task.js';
import { fitsPlacement, takesTasks } from '../../schedule/fit.js';
import { mustLeave } from '../../schedule/taints.js';
import { unmetDependency } from './dependencies.js';
import type { ServiceDraft, Slot } from './draft.js';
import { followDependencies } from './follow.js';
import { keepSlot } from './keep.js';
import { reapSlot, removeSlot } from './reap.js';
import { advanceUpdate, completeUpdate } from './update/advance.js';
import { isHeld } from './update/status.js';

/** One task on each node that fits. */
export function planGlobal(draft: ServiceDraft): void {
  const { view, service } = draft;
  const { kept, open } = chooseNodes(draft);
  const rules = { frozen: isHeld(view, service), hold: unmetDependency(view, service), refill: true };
  for (const slot of kept) keepSlot(draft, slot, { ...rules, refill: open.has(slot) });
  advanceUpdate(draft, kept, rules);
  followDependencies(draft, kept, rules);
  completeUpdate(draft, kept);
  for (const slot of draft.slots.values()) reapSlot(draft, slot);
}

/**
 * Slots that stay: those of nodes that fit, are not drained and have no `no-execute` taint that is not tolerated. `open` ones also take new tasks: a paused node, or one
 * that is away, keeps what it has.
 * @param run of a job: only its slots
 */
export function chooseNodes(draft: ServiceDraft, run?: number): { kept: Slot[]; open: Set<Slot> } {
  leaveNodes(draft, run);
  const [kept, open] = [[] as Slot[], new Set<Slot>()];
  for (const node of draft.view.all('nodes')) {
    const isOpen = takesTasks(node, draft.service.spec.placement);
    const isKnown = draft.slots.has(slotKey({ nodeId: node.id, run }));
    if (!mayKeep(draft.service, node) || !(isOpen || isKnown)) continue;
    const slot = draft.slot(undefined, node.id, run);
    if (isOpen) open.add(slot);
    if (isOpen || slot.wanted.length > 0) kept.push(slot);
  }
  return { kept: kept.sort((a, b) => (a.key < b.key ? -1 : 1)), open };
}

/** Stops what is on nodes that do not fit any more, and clears away what belongs to no node. */
function leaveNodes(draft: ServiceDraft, run: number | undefined): void {
  for (const slot of [...draft.slots.values()]) {
    if (run !== undefined && slot.run !== run) continue;
    const node = slot.number === undefined && slot.run === run ? draft.view.get('nodes', slot.nodeId ?? '') : undefined;
    if (!node) removeSlot(draft, slot);
    else if (!mayKeep(draft.service, node)) for (const task of slot.wanted) draft.want(slot, task, 'shutdown');
  }
}

/** A node that has not yet said what it is may keep what it has. */
function mayKeep({ spec: { placement } }: Service, node: Node): boolean {
  return !mustLeave(node, placement) && (node.description === undefined || fitsPlacement(placement, node));
}

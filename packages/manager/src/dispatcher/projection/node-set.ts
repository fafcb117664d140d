import type { FileContent, NodeSetItems } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { projectNetwork, projectService } from './network-assignment.js';
import { SlotIndex } from './slot-index.js';
import { fileIdsOf, projectEnded, projectFile, projectTask } from './task-assignment.js';

/** An index of all tasks of the view as it is now. */
export function slotIndexOf(view: ClusterView): SlotIndex {
  const slots = new SlotIndex(view);
  for (const task of view.all('tasks')) slots.update(undefined, task);
  return slots;
}

/**
 * The complete desired set of a node: all that it needs and nothing else.
 * @param http the configuration of the HTTP proxies
 */
export function projectNode(view: ClusterView, slots: SlotIndex, nodeId: string, http?: () => FileContent): NodeSetItems {
  const items: NodeSetItems = { tasks: [], ended: [], networks: [], services: [], files: [] };
  const fileIds = new Set<string>();
  for (const task of view.tasksOfNode(nodeId)) {
    items.ended.push(...present(projectEnded(slots, nodeId, task)));
    const assignment = projectTask(view, slots, nodeId, task, http);
    if (!assignment) continue;
    items.tasks.push(assignment);
    for (const fileId of fileIdsOf(assignment)) fileIds.add(fileId);
  }
  for (const fileId of fileIds) items.files.push(...present(projectFile(view, fileId, http)));
  for (const block of view.blocksOfNode(nodeId)) {
    items.networks.push(...present(projectNetwork(view, nodeId, block.networkId)));
    const network = view.get('networks', block.networkId);
    for (const service of network ? view.servicesOfNetwork(network.spec.name) : []) {
      items.services.push(...present(projectService(view, slots, service.id, block.networkId)));
    }
  }
  return items;
}

function present<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}

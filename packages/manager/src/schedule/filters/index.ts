import { abilityFilters } from './abilities.js';
import { addressFilter } from './addresses.js';
import { affinityFilter } from './affinity.js';
import { constraintFilter } from './constraints.js';
import type { Filter } from './filter.js';
import { hostPortFilter } from './host-ports.js';
import { keptFilter } from './kept.js';
import { maxReplicasFilter } from './max-replicas.js';
import { platformFilter } from './platform.js';
import { readyFilter } from './ready.js';
import { resourceFilter } from './resources.js';
import { taintFilter } from './taints.js';
import { volumeFilter } from './volumes.js';

/** All filters, cheapest and most telling first: a node is counted under the first one that refuses it. */
export const FILTERS: readonly Filter[] = [
  readyFilter,
  taintFilter,
  constraintFilter,
  platformFilter,
  keptFilter,
  resourceFilter,
  hostPortFilter,
  maxReplicasFilter,
  ...abilityFilters,
  addressFilter,
  affinityFilter,
  volumeFilter,
];

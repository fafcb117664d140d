export {
  FENCE_AFTER_MS,
  FENCE_ENGINE_MS,
  FENCE_GRACE_MS,
  FENCE_WAIT_MS,
  fenceShutsInMs,
  givenUpInMs,
  isFencedTemplate,
} from './fencing.js';

export * from './host-certificate.js';
export * from './job.js';
export * from './objects.js';
export * from './release.js';
export * from './task-state.js';
export * from './usage.js';

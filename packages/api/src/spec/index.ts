export * from './common.js';
export * from './container-spec.js';
export * from './defaults.js';
export * from './schedule-spec.js';
export * from './scheduling.js';
export * from './service-spec.js';
export * from './stack-spec.js';
export * from './template-hash.js';

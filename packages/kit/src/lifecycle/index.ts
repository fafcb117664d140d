export * from './lifecycle.js';
export * from './priority.js';
export * from './signals.js';

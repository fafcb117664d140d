export * from './lifecycle.js';
export * from './signals.js';

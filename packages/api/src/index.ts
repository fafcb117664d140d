export * from './client/index.js';
export type { ComposeFiles, Diagnostic, LoadOptions, LoadResult } from './compose/index.js';
export * from './error/index.js';
export * from './net/ipv4.js';
export * from './object/index.js';
export * from './protocol/index.js';
export * from './restart/index.js';
export * from './route/index.js';
export * from './spec/index.js';

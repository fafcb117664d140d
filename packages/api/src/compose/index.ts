export { ComposeError, type Diagnostic, formatDiagnostic } from './diagnostic.js';
export { findDefaultFiles } from './load/default-files.js';
export { type LoadOptions, type LoadResult, loadCompose } from './load/load.js';
export type { ComposeFiles } from './load/session.js';
export { renderSupportTable } from './support/render.js';

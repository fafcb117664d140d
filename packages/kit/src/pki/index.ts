export * from './authority.js';
export * from './cluster-init.js';
export * from './data-dir.js';
export * from './issuer.js';
export * from './join-token.js';
export * from './signing-request.js';
export * from './subject.js';

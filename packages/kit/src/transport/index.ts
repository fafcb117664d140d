export * from './address.js';
export * from './https-transport.js';
export * from './pinned-authority.js';

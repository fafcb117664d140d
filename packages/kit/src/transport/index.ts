export * from './address.js';
export * from './https-transport.js';

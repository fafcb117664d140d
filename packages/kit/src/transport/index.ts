export * from './address.js';
export * from './https-transport.js';
export * from './open-socket.js';

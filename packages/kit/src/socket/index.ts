export * from './carry.js';
export * from './memory-socket.js';
export * from './session-socket.js';
export * from './ws-socket.js';

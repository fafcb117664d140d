export * from './answers.js';
export * from './route.js';
export * from './routes.js';

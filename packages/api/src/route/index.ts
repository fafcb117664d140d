export * from './route.js';
export * from './routes.js';

export * from './answers.js';
export type { JobDetail } from './job-routes.js';
export * from './route.js';
export * from './routes.js';

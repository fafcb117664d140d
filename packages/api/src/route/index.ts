export * from './answers.js';
export type { HttpOverview } from './http-route.js';
export type { JobDetail } from './job-routes.js';
export type { RebalanceResult } from './rebalance-route.js';
export * from './route.js';
export * from './routes.js';
export type { Finding, WhyAnswer } from './why-route.js';

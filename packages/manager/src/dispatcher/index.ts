export { createDispatcher, DISPATCHER_TIMES, type DispatcherOptions } from './dispatcher.js';

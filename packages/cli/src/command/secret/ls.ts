export { ls as command } from '../file/secrets.js';

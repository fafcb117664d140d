export { ls as command } from '../file/configs.js';

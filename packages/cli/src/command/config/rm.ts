export { rm as command } from '../file/configs.js';

export { create as command } from '../file/configs.js';

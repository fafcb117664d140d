export { rm as command } from '../file/secrets.js';

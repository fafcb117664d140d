export { create as command } from '../file/secrets.js';

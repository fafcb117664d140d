/** Name of the development cluster when none is given, and of its context. */
export const DEFAULT_DEV_NAME = 'dev';

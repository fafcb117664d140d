import { MAX_CONFIG_BYTES } from '@tessera/api';
import { createCommand, type FileKind, listCommand, removeCommand } from './file-commands.js';

const CONFIGS: FileKind = {
  noun: 'config',
  maxBytes: MAX_CONFIG_BYTES,
  list: (client) => client.call('listConfigs', {}),
  create: (client, body) => client.call('createConfig', { body }),
  remove: (client, ref) => client.call('removeConfig', { params: { ref } }),
};

export const ls = listCommand(CONFIGS);
export const create = createCommand(CONFIGS);
export const rm = removeCommand(CONFIGS);

import { MAX_SECRET_BYTES } from '@tessera/api';
import { createCommand, type FileKind, listCommand, removeCommand } from './file-commands.js';

const SECRETS: FileKind = {
  noun: 'secret',
  maxBytes: MAX_SECRET_BYTES,
  list: (client) => client.call('listSecrets', {}),
  create: (client, body) => client.call('createSecret', { body }),
  remove: (client, ref) => client.call('removeSecret', { params: { ref } }),
};

export const ls = listCommand(SECRETS);
export const create = createCommand(SECRETS);
export const rm = removeCommand(SECRETS);

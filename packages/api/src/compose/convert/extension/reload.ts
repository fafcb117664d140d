import type { Reload } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import { splitWords, UnfinishedQuote } from '../../shell-words.js';
import type { ConvertContext } from '../context.js';
import type { ComposeService } from '../model.js';

const SIGNAL = /^(SIG)?([A-Z][A-Z0-9+-]*)$/;

/** `x-reload-signal: SIGHUP` or `x-reload-command: [nginx, -s, reload]`: how a task takes over new content of its configs and secrets. */
export function convertReload(service: ComposeService, path: Path, context: ConvertContext): Reload | undefined {
  const { 'x-reload-signal': signal, 'x-reload-command': command } = service;
  if (signal === undefined && command === undefined) return undefined;
  const place = [...path, signal === undefined ? 'x-reload-command' : 'x-reload-signal'];
  if (signal !== undefined && command !== undefined)
    context.error([...path, 'x-reload-command'], 'x-reload-signal and x-reload-command exclude each other', 'keep one of them');
  if (!service.configs?.length && !service.secrets?.length)
    context.warn(place, 'the service mounts neither configs nor secrets: there is nothing to reload', 'take it out');
  return signal === undefined ? commandOf(command ?? [], place, context) : signalOf(signal, place, context);
}

function signalOf(written: string, place: Path, context: ConvertContext): Reload | undefined {
  const [, , name] = SIGNAL.exec(written.toUpperCase()) ?? [];
  if (name !== undefined) return { signal: `SIG${name}` };
  context.error(place, `"${written}" is not the name of a signal`, 'write one such as SIGHUP or SIGUSR1');
  return undefined;
}

function commandOf(written: string | string[], place: Path, context: ConvertContext): Reload | undefined {
  try {
    const command = typeof written === 'string' ? splitWords(written) : written;
    if (command.length > 0) return { command };
    context.error(place, 'the command is empty', 'write the program and its arguments');
  } catch (error) {
    if (!(error instanceof UnfinishedQuote)) throw error;
    context.error(place, error.message || 'a quote is not closed', 'close it, or write the command as a list');
  }
  return undefined;
}

import { createHash } from 'node:crypto';
import type { ObjectChange } from '@tessera/api';
import type { Clock, Log } from '@tessera/kit';

/** Lines kept to be shown, at least; all lines count for the hash. */
const LINES_KEPT = 2_000;
/** The hash takes so much at a time. */
const DIGESTED_CHARACTERS = 100_000;
const MS_PER_SECOND = 1_000;

/** What happened in a run, in order: to be read by people, and as a hash that is the same for the same seed. */
export class History {
  readonly #clock: Clock;
  readonly #hash = createHash('sha256');
  readonly #lines: string[] = [];
  #undigested = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes one event. */
  note(what: string): void {
    const line = `${(this.#clock.monotonic() / MS_PER_SECOND).toFixed(3).padStart(9)}s  ${what}`;
    this.#digest(line);
    this.#lines.push(line);
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT);
  }

  /** Notes a change of the store: all of it for the hash, a line for people where it tells something. */
  change(change: ObjectChange): void {
    this.#digest(`${change.revision} ${change.kind} ${change.id} ${JSON.stringify(change.object)}`);
    const words = describe(change);
    if (words !== undefined) this.note(words);
  }

  /** The last lines, oldest first. */
  tail(count: number): string[] {
    return this.#lines.slice(-count);
  }

  digest(): string {
    this.#flush();
    return this.#hash.copy().digest('hex');
  }

  #digest(line: string): void {
    this.#undigested += `${line}\n`;
    if (this.#undigested.length > DIGESTED_CHARACTERS) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#undigested);
    this.#undigested = '';
  }

  /** A log whose warnings and errors become part of the history. */
  log(who: string): Log {
    const note = (fields: Record<string, unknown>, message: string): void => {
      const { error, key, nodeId, reason } = fields as { error?: unknown; key?: string; nodeId?: string; reason?: string };
      const cause = error instanceof Error ? `: ${error.message}` : reason === undefined ? '' : `: ${reason}`;
      this.note(
        `${who} says: ${message}${key === undefined ? '' : ` [${short(key)}]`}${nodeId === undefined ? '' : ` [${nodeId}]`}${cause}`,
      );
    };
    const log: Log = { debug: () => {}, info: () => {}, warn: note, error: note, child: () => log };
    return log;
  }
}

/** Ids are long: their beginnings tell them apart. */
export function short(id: string): string {
  return id.slice(0, 6);
}

function describe(change: ObjectChange): string | undefined {
  const at = `r${change.revision}`;
  if (!change.object) return `${at} ${change.kind} ${short(change.id)} deleted`;
  switch (change.kind) {
    case 'tasks': {
      const { serviceName, slot, nodeId, desired, status, specRevision } = change.object;
      return `${at} task ${short(change.id)} ${serviceName}.${slot ?? nodeId} v${specRevision} on ${nodeId ?? '-'}: ${status.state}/${desired} ${status.message}`;
    }
    case 'services': {
      const { spec, specRevision, update } = change.object;
      return `${at} service ${spec.name} v${specRevision} ${JSON.stringify(spec.mode)} ${spec.template.container.image} ${update?.state ?? ''}`;
    }
    case 'nodes':
      return `${at} node ${change.id} ${change.object.status.state} ${change.object.spec.availability} ${change.object.status.message}`;
    default:
      return undefined;
  }
}

import type { Client, SourcedLogFrame } from '@tessera/api';
import { sleep } from '@tessera/kit/clock/clock';
import { isApiError } from '../../output/error.js';
import type { Session } from '../../session.js';

/** The route and the id by which a log is asked for. */
export interface LogSource {
  route: 'serviceLogs' | 'taskLogs';
  id: string;
  /** Of a job: only this run. */
  run?: number;
}

export interface LogRead {
  follow: boolean;
  tail: number | undefined;
  sinceMs: number | undefined;
  untilMs: number | undefined;
  show(frame: SourcedLogFrame): void;
}

const RECONNECT_MS = { first: 250, most: 5_000 };

/**
 * Reads a log to its end. While following, it connects again after the manager went away, and goes on where it was:
 * from the moment of the last line, without those lines that were shown already.
 * @throws ApiError; the signal's reason.
 */
export async function readLog(session: Session, client: Client, source: LogSource, read: LogRead): Promise<void> {
  const seen = new SeenLines();
  let pauseMs = RECONNECT_MS.first;
  for (;;) {
    try {
      for await (const frame of open(client, source, read, seen.resumeFrom())) {
        pauseMs = RECONNECT_MS.first;
        if (!seen.has(frame)) read.show(frame);
      }
      return;
    } catch (error) {
      if (!read.follow || !isApiError(error, 'unavailable')) throw error;
      session.note(session.errorStyle.yellow(`${error.message}; trying again`));
    }
    await sleep(session.io.clock, pauseMs, session.signal);
    pauseMs = Math.min(RECONNECT_MS.most, pauseMs * 2);
  }
}

/** Times are always asked for: they tell where to go on. */
function open(
  client: Client,
  { route, id, run }: LogSource,
  { follow, tail, sinceMs, untilMs }: LogRead,
  resumeMs: number | undefined,
): AsyncIterable<SourcedLogFrame> {
  const since = resumeMs ?? sinceMs;
  const query = {
    follow,
    timestamps: true,
    ...(since !== undefined && { since: Math.floor(since) }),
    ...(untilMs !== undefined && { until: Math.floor(untilMs) }),
    ...(tail !== undefined && resumeMs === undefined && { tail }),
  };
  if (route === 'taskLogs') return client.stream(route, { params: { ref: id }, query });
  return client.stream(route, { params: { ref: id }, query: { ...query, ...(run !== undefined && { run }) } });
}

/** What was shown of each task. Times have nanoseconds and are of equal form, so that they compare as text. */
class SeenLines {
  readonly #last = new Map<string, string>();
  /** What was shown before the connection that is read now. */
  #before: ReadonlyMap<string, string> = new Map();

  /** Moment of the last line of the task that is furthest behind: where a new connection must begin. */
  resumeFrom(): number | undefined {
    this.#before = new Map(this.#last);
    const moments = [...this.#last.values()].map((at) => Date.parse(at)).filter((ms) => !Number.isNaN(ms));
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** Whether the line was shown over a former connection; remembers it. */
  has({ taskId, frame }: SourcedLogFrame): boolean {
    if (frame.type !== 'line' || frame.at === undefined) return false;
    const before = this.#before.get(taskId);
    if (before !== undefined && frame.at <= before) return true;
    this.#last.set(taskId, frame.at);
    return false;
  }
}

import { Cron } from 'croner';
import type { Schedule } from '../spec/schedule-spec.js';

/** The part of a schedule that says at what times. */
export type CronTimes = Pick<Schedule, 'cron' | 'timezone'>;

/** What is wrong with a schedule, in words; `undefined` when nothing is. */
export interface CronProblem {
  part: 'cron' | 'timezone';
  message: string;
}

/** Any moment will do: fields repeat in at most 28 years, and a year cannot be written. */
const SOME_MOMENT = Date.UTC(2026, 0, 1);

/** Checks the text of a schedule, and that it is ever due. */
export function cronProblem({ cron, timezone }: CronTimes): CronProblem | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    return { part: 'timezone', message: `"${timezone}" is not a time zone` };
  }
  // It would stand for the moment at which the text is read.
  if (cron.includes('?')) return { part: 'cron', message: `"${cron}" has a '?'` };
  try {
    if (nextTime({ cron, timezone }, SOME_MOMENT) !== undefined) return undefined;
    return { part: 'cron', message: `"${cron}" is never due` };
  } catch (error) {
    return { part: 'cron', message: `"${cron}" is not a schedule: ${wordsOf(error)}` };
  }
}

/**
 * The first time after `after` at which the schedule is due, in milliseconds since 1970; `undefined` when there is none.
 * A time that the change to daylight saving leaves out is due when the gap is over; one that comes twice is due at the
 * first of them, but for schedules by the hour or minute, which are due each time. Source: OCPS, which croner follows.
 * @throws Error when the text is not a schedule.
 */
export function nextTime(times: CronTimes, after: number): number | undefined {
  const known = open(times);
  const { last } = known;
  // The same one, for every moment until it is due: planners ask again and again.
  if (last && last.after <= after && (last.next === undefined || after < last.next)) return last.next;
  const next = known.cron.nextRun(new Date(after))?.getTime();
  known.last = { after, next };
  return next;
}

/**
 * The newest times at which it was due, newest first: later than `after`, not later than `until`, at most `most` of them.
 * @throws Error when the text is not a schedule.
 */
export function timesBetween(times: CronTimes, after: number, until: number, most: number): number[] {
  const { cron } = open(times);
  const found: number[] = [];
  // Times are whole seconds: the moment itself counts. One by one, since each takes long and most often there is but one.
  for (let before = until + 1; found.length < most; before = found.at(-1)!) {
    const at = cron.previousRuns(1, new Date(before))[0]?.getTime();
    if (at === undefined || at <= after) break;
    found.push(at);
  }
  return found;
}

/** A schedule that was read. */
interface OpenCron {
  /** Nothing is started by it: it is only asked. */
  cron: Cron;
  /** What {@link nextTime} found last. */
  last?: { after: number; next: number | undefined };
}

/** Schedules are read once, as long as there are not more than so many: to read one takes as long as many answers. */
const MOST_OPEN = 1_000;
const OPEN = new Map<string, OpenCron>();

function open({ cron, timezone }: CronTimes): OpenCron {
  const key = JSON.stringify([cron, timezone]);
  let known = OPEN.get(key);
  if (known) return known;
  known = { cron: new Cron(cron, { timezone, paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' }) };
  if (OPEN.size >= MOST_OPEN) OPEN.delete(OPEN.keys().next().value as string);
  OPEN.set(key, known);
  return known;
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Cron\w*:\s*/, '').replace(/\.$/, '');
}

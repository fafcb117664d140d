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
  return open(times).nextRun(new Date(after))?.getTime();
}

/**
 * The newest times at which it was due, newest first: later than `after`, not later than `until`, at most `most` of them.
 * @throws Error when the text is not a schedule.
 */
export function timesBetween(times: CronTimes, after: number, until: number, most: number): number[] {
  // Times are whole seconds: the moment itself counts.
  const found = open(times).previousRuns(most, new Date(until + 1));
  return found.map((date) => date.getTime()).filter((at) => at > after && at <= until);
}

/** Nothing is started by it: it is only asked. */
function open({ cron, timezone }: CronTimes): Cron {
  return new Cron(cron, { timezone, paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' });
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Cron\w*:\s*/, '').replace(/\.$/, '');
}

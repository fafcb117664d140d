import assert from 'node:assert/strict';
import { cronProblem, nextTime, timesBetween } from './cron.js';

const at = (text: string): number => Date.parse(text);
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16));

function nextTimes(cron: string, timezone: string, after: string, count: number): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  for (let last: number | undefined = at(after); found.length < count && last !== undefined; ) {
    last = nextTime({ cron, timezone }, last);
    found.push(iso(last));
  }
  return found;
}

describe('A cron schedule', () => {
  it('is due by the clock of its time zone', () => {
    assert.deepEqual(nextTimes('0 3 * * *', 'UTC', '2026-01-01T03:00:00Z', 2), ['2026-01-02T03:00', '2026-01-03T03:00']);
    assert.deepEqual(nextTimes('0 3 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', 1), ['2026-01-01T21:30']);
    assert.deepEqual(nextTimes('0 0 1 1 *', 'UTC', '2026-06-01T00:00:00Z', 1), ['2027-01-01T00:00']);
    assert.deepEqual(nextTimes('@weekly', 'UTC', '2026-11-27T00:00:00Z', 1), ['2026-11-29T00:00']);
    assert.equal(nextTime({ cron: '*/5 * * * * *', timezone: 'UTC' }, at('2026-01-01T00:00:01Z')), at('2026-01-01T00:00:05Z'));
  });

  it('takes a day of the month or a day of the week, as cron does when both are written', () => {
    assert.deepEqual(nextTimes('0 0 13 * FRI', 'UTC', '2026-01-01T12:00:00Z', 4), [
      '2026-01-02T00:00',
      '2026-01-09T00:00',
      '2026-01-13T00:00',
      '2026-01-16T00:00',
    ]);
  });

  it('says the same in whatever order it is asked', () => {
    const times = { cron: '0,30 2 * * *', timezone: 'Europe/Berlin' };
    const due = timesBetween(times, at('2026-10-20T00:00:00Z'), at('2026-10-30T00:00:00Z'), 100).reverse();
    assert.equal(due.length, 19);
    const MINUTE_MS = 60_000;
    const moments = due.flatMap((time) => [time - 1, time, time + 1, time - 5 * MINUTE_MS]).filter((moment) => moment < due.at(-1)!);
    for (const step of [1, 7, 31, 50]) {
      for (let place = 0; place < moments.length; place++) {
        const moment = moments[(place * step) % moments.length]!;
        assert.equal(
          nextTime(times, moment),
          due.find((time) => time > moment),
        );
      }
    }
    assert.deepEqual(timesBetween(times, due[3]!, due[6]!, 2), [due[6], due[5]], 'the newest first, and no more than are asked for');
  });

  it('of an hour that daylight saving leaves out is due once the gap is over', () => {
    assert.deepEqual(nextTimes('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2), ['2026-03-29T01:00', '2026-03-30T00:30']);
  });

  it('of an hour that daylight saving repeats is due once', () => {
    assert.deepEqual(nextTimes('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), ['2026-10-25T00:30', '2026-10-26T01:30']);
    assert.deepEqual(nextTimes('0,30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3), [
      '2026-10-25T00:00',
      '2026-10-25T00:30',
      '2026-10-26T01:00',
    ]);
  });

  it('by the hour goes on each hour through both changes', () => {
    assert.deepEqual(nextTimes('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 4), [
      '2026-10-25T00:00',
      '2026-10-25T01:00',
      '2026-10-25T02:00',
      '2026-10-25T03:00',
    ]);
    assert.deepEqual(nextTimes('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 3), [
      '2026-03-29T00:00',
      '2026-03-29T01:00',
      '2026-03-29T02:00',
    ]);
  });

  it('tells the newest of the times that have come by, up to and with this moment', () => {
    const times = { cron: '0 * * * *', timezone: 'UTC' };
    const [from, to] = [at('2026-01-01T00:00:00Z'), at('2026-01-01T03:00:00Z')];
    assert.deepEqual(timesBetween(times, from, to, 10).map(iso), ['2026-01-01T03:00', '2026-01-01T02:00', '2026-01-01T01:00']);
    assert.deepEqual(timesBetween(times, from, to, 1).map(iso), ['2026-01-01T03:00']);
    assert.deepEqual(timesBetween(times, to, to + 1, 10), []);
  });

  it('says what is wrong with it', () => {
    assert.equal(cronProblem({ cron: '0 3 * * *', timezone: 'Europe/Berlin' }), undefined);
    assert.deepEqual(cronProblem({ cron: '61 * * * *', timezone: 'UTC' }), {
      part: 'cron',
      message: '"61 * * * *" is not a schedule: Invalid value for minute: 61',
    });
    assert.equal(cronProblem({ cron: '* * * *', timezone: 'UTC' })?.part, 'cron');
    assert.deepEqual(cronProblem({ cron: '0 0 30 2 *', timezone: 'UTC' })?.message, '"0 0 30 2 *" is never due');
    assert.equal(cronProblem({ cron: '0 ? * * *', timezone: 'UTC' })?.part, 'cron');
    assert.deepEqual(cronProblem({ cron: '0 3 * * *', timezone: 'Europe/Berln' }), {
      part: 'timezone',
      message: '"Europe/Berln" is not a time zone',
    });
  });
});

import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import { Failure, Interrupted } from '../failure.js';
import { aProgress, aService } from '../testing/builders.js';
import { FakeIo } from '../testing/fake-io.js';
import { reportOf } from './error.js';
import { changedLines, describeProgress, renderProgress } from './progress.js';
import { progressDisplay } from './progress-display.js';
import { PLAIN, styleWith } from './style.js';
import { renderTable } from './table.js';
import { formatBytes, formatDuration, ordinal, parseDuration } from './units.js';

const web = aProgress(aService('shop_web'), { desired: 3, running: 3, updated: 3 });

describe('renderProgress', () => {
  it('tells each state of a service in a line', () => {
    const states = [
      { ...web, converged: true },
      { ...web, name: 'api', running: 1, updated: 1, converged: false, waiting: 'pulling image' },
      { ...web, name: 'db', running: 3, updated: 1, converged: false },
      { ...web, name: 'bad', running: 0, updated: 0, converged: false, failed: 'exit code 1' },
      { ...web, name: 'once', mode: 'replicated-job', running: 0, updated: 0, converged: true },
    ];
    assert.deepEqual(renderProgress({ services: states, elapsedMs: 0 }, 80), [
      '✓ shop_web  3/3 running',
      '⠋ api       1/3 running: pulling image',
      '⠋ db        3/3 running, 1/3 updated',
      '✗ bad       0/3 running: failed: exit code 1',
      '✓ once      completed',
    ]);
  });

  it('keeps every line within the width, whatever a message holds', () => {
    const long = { ...web, converged: false, waiting: `two\nlines ${'x'.repeat(200)}` };
    const lines = renderProgress({ services: [long], elapsedMs: 0, disturbance: 'y'.repeat(100) }, 40);
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok([...line].length <= 40 && !line.includes('\n'), line);
  });

  it('turns a wheel as time passes', () => {
    const waiting = { ...web, converged: false };
    const [first] = renderProgress({ services: [waiting], elapsedMs: 0 }, 80);
    assert.notEqual(renderProgress({ services: [waiting], elapsedMs: 250 }, 80)[0], first);
  });

  it('says only what has changed where lines cannot be redrawn', () => {
    const before = { ...web, running: 1, updated: 1, converged: false };
    assert.deepEqual(changedLines([], [before]), ['shop_web: 1/3 running']);
    assert.deepEqual(changedLines([before], [before]), []);
    assert.deepEqual(changedLines([before], [web]), [`shop_web: ${describeProgress(web)}`]);
  });
});

describe('the progress display of a terminal', () => {
  it('draws over its own lines and leaves no timer behind', async () => {
    const io = new FakeIo({ terminal: true });
    const display = progressDisplay(io.stderr, io.clock, PLAIN);
    display.show([web]);
    io.err = '';
    display.disturb('the manager is away');
    assert.ok(io.err.startsWith('\u001b[1F\u001b[0J✓ shop_web'), JSON.stringify(io.err));
    assert.match(io.err, /! the manager is away; trying again/);
    io.err = '';
    await io.clock.advance(250);
    assert.ok(io.err.startsWith('\u001b[2F'));
    display.end();
    assert.equal(io.clock.pending, 0);
  });
});

describe('renderTable', () => {
  const columns = [
    { title: 'NAME', value: (row: string[]) => row[0] ?? '' },
    { title: 'TEXT', value: (row: string[]) => row[1] ?? '', shrink: true },
  ];

  it('aligns columns without borders and trims line ends', async () => {
    assert.deepEqual(
      await renderTable(columns, [
        ['a', ''],
        ['long-name', 'x'],
      ]),
      ['NAME        TEXT', 'a', 'long-name   x'],
    );
  });

  it('cuts what may shrink to the width, and nothing else', async () => {
    const lines = await renderTable(columns, [['name', 'x'.repeat(100)]], { width: 30 });
    assert.deepEqual(
      lines.map((line) => [...line].length),
      [10, 30],
    );
    assert.ok(lines[1]?.endsWith('…'));
  });

  it('makes one line of a cell with several', async () => {
    assert.deepEqual(await renderTable(columns, [['a', 'b\nc\td']]), ['NAME   TEXT', 'a      b c d']);
  });

  it('lets no control sequence of a message reach the terminal', async () => {
    const [, line] = await renderTable(columns, [['a', 'red \u001b[31mtext\u0007']]);
    assert.equal(line, 'a      red [31mtext');
  });
});

describe('units', () => {
  it('writes durations in one unit or two', () => {
    const cases: [number, string][] = [
      [0, '0s'],
      [-5, '0s'],
      [59_999, '59s'],
      [60_000, '1m'],
      [125_000, '2m5s'],
      [11 * 60_000, '11m'],
      [3_600_000, '1h'],
      [5_400_000, '1h30m'],
      [86_400_000, '24h'],
      [3 * 86_400_000, '3d'],
    ];
    for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
  });

  it('count in words', () => {
    const cases: [number, string][] = [
      [1, '1st'],
      [2, '2nd'],
      [3, '3rd'],
      [4, '4th'],
      [10, '10th'],
      [11, '11th'],
      [12, '12th'],
      [21, '21st'],
      [113, '113th'],
    ];
    for (const [count, text] of cases) assert.equal(ordinal(count), text);
  });

  it('reads durations', () => {
    assert.deepEqual(
      ['90', '90s', '1m30s', '500ms', '1.5h', '2d', '0'].map(parseDuration),
      [90_000, 90_000, 90_000, 500, 5_400_000, 172_800_000, 0],
    );
    assert.deepEqual(['', 's', '5x', '-1s', '1m 30s'].map(parseDuration), Array(5).fill(undefined));
  });

  it('writes sizes in powers of 1024', () => {
    assert.deepEqual([0, 1023, 1024, 1536, 4 * 1024 ** 3].map(formatBytes), ['0 B', '1023 B', '1 KiB', '1.5 KiB', '4 GiB']);
  });
});

describe('reportOf', () => {
  const report = (error: unknown, debug = false) => reportOf(error, PLAIN, debug);

  it('maps codes of the API to exit codes', () => {
    const codes = (['invalid-spec', 'not-found', 'unavailable', 'timeout', 'conflict', 'ambiguous'] as const).map(
      (code) => report(new ApiError(code, 'x')).exitCode,
    );
    assert.deepEqual(codes, [2, 4, 5, 124, 1, 2]);
  });

  it('prints details, cause and cure below the message', () => {
    const error = new ApiError('in-use', 'm', { details: ['d'], cure: 'c', cause: new Error('why') });
    assert.deepEqual(report(error).lines, ['error: m', '  d', '  cause: why', '  cure: c']);
    assert.deepEqual(report(new Failure('m: why', { cause: new Error('why') })).lines, ['error: m: why']);
  });

  it('shows a stack trace only when asked', () => {
    assert.doesNotMatch(report(new TypeError('boom')).lines.join(), /output\.test/);
    assert.match(report(new TypeError('boom'), true).lines.join(), /output\.test/);
    assert.match(report(new TypeError('boom')).lines.join(), /TESSERA_DEBUG=1/);
  });

  it('says nothing more at Ctrl-C than the command did', () => {
    assert.deepEqual(report(new Interrupted()), { lines: [], exitCode: 130 });
  });
});

describe('styleWith', () => {
  it('gives one key one colour', () => {
    const style = styleWith(true);
    assert.equal(style.hashed('a', 'x'), style.hashed('a', 'x'));
    assert.notEqual(style.hashed('a', 'x'), style.hashed('b', 'x'));
    assert.equal(PLAIN.red('x'), 'x');
  });
});

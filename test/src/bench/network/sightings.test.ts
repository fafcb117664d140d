import assert from 'node:assert/strict';
import { delaysOf, type Sighting } from './sightings.js';

const sees = (at: number, ...addresses: string[]): Sighting[] => [
  { what: 'map', at, addresses },
  { what: 'names', at: at + 5, addresses },
];
const ADDRESSES = new Map([
  ['old', '10.0.0.2'],
  ['new', '10.0.0.3'],
]);

describe('the delays of changes', () => {
  it('are those of the last host, for each change and place', () => {
    const first: Sighting[] = [
      ...sees(0, '10.0.0.2'),
      { what: 'ended', at: 100, container: 'old' },
      ...sees(130),
      { what: 'started', at: 200, container: 'new' },
      ...sees(260, '10.0.0.3'),
    ];
    const second = [...sees(0, '10.0.0.2'), ...sees(170), ...sees(240, '10.0.0.3')];
    assert.deepEqual(delaysOf([first, second], ADDRESSES), [
      { change: 'gone', place: 'map', ms: 70 },
      { change: 'gone', place: 'names', ms: 75 },
      { change: 'ready', place: 'map', ms: 60 },
      { change: 'ready', place: 'names', ms: 65 },
    ]);
  });

  it('are told apart where an address is used again', () => {
    const again = new Map([...ADDRESSES, ['new', '10.0.0.2']] as const);
    const host: Sighting[] = [
      ...sees(0, '10.0.0.2'),
      { what: 'ended', at: 100, container: 'old' },
      ...sees(130),
      { what: 'started', at: 200, container: 'new' },
      ...sees(260, '10.0.0.2'),
    ];
    assert.deepEqual(
      delaysOf([host], again).map(({ ms }) => ms),
      [30, 35, 60, 65],
    );
  });

  it('are none when a change was never seen', () => {
    const host: Sighting[] = [...sees(0, '10.0.0.2'), { what: 'ended', at: 100, container: 'old' }];
    assert.throws(() => delaysOf([host], ADDRESSES), /10\.0\.0\.2 was never out of the map/);
  });
});

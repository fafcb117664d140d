import type { Bench, Report, Table } from '../bench.js';
import { median, percentile } from '../statistics.js';
import { BenchBed } from './bed.js';
import { measurePaths, type PathResult, ratio } from './paths.js';
import { measurePropagation } from './propagation.js';
import type { Delay } from './sightings.js';

/** The network between real hosts: how soon changes are everywhere, and what the overlay costs. */
export const networkBench: Bench = {
  name: 'network',
  summary: 'three hosts: how soon changes are in every map and name server; throughput and round trips of the overlay',
  async run({ progress }): Promise<Report> {
    progress('three hosts');
    const bed = await BenchBed.create();
    try {
      const delays = await measurePropagation(bed, progress);
      const paths = await bed.paths();
      const results = await measurePaths(Object.values(paths), progress);
      const byName = new Map(results.map((result) => [result.name, result]));
      const of = (name: keyof typeof paths): PathResult => byName.get(paths[name].name) as PathResult;
      const ratios = {
        directToHand: ratio(of('direct').gbits, of('hand').gbits),
        vipToDirect: ratio(of('vip').gbits, of('direct').gbits),
        sealedToDirect: ratio(of('sealed').gbits, of('direct').gbits),
        directToHandRoundTrip: ratio(of('direct').p50, of('hand').p50),
        vipToDirectRoundTrip: ratio(of('vip').p50, of('direct').p50),
      };
      return { tables: [delayTable(delays), pathTable(results), ratioTable(ratios)], data: { delays, results, ratios } };
    } finally {
      await bed.destroy();
    }
  },
};

function delayTable(delays: readonly Delay[]): Table {
  const rows = (['ready', 'gone'] as const).flatMap((change) =>
    (['map', 'names'] as const).map((place) => {
      const all = delays.filter((delay) => delay.change === change && delay.place === place).map(({ ms }) => ms);
      const figures = [median(all), percentile(all, 99), Math.max(...all)].map((ms) => ms.toFixed(0));
      return [`task ${change}, in ${place === 'map' ? 'the map' : 'the name server'} of every node`, String(all.length), ...figures];
    }),
  );
  return {
    title: 'From the event at the task to the last of three nodes, ms (goal: 99% within 300)',
    columns: ['change', 'count', 'median', '99%', 'most'],
    rows,
    notes: ['Names are asked for every 10 ms.'],
  };
}

function pathTable(results: readonly PathResult[]): Table {
  return {
    title: 'One TCP stream (iperf3), and round trips of 100 bytes over a kept connection; medians of the rounds',
    columns: ['way', 'Gbit/s', 'round trip, us', '99% of them, us'],
    rows: results.map(({ name, gbits, p50, p99 }) => [name, median(gbits).toFixed(2), median(p50).toFixed(0), median(p99).toFixed(0)]),
  };
}

function ratioTable(ratios: Readonly<Record<string, number>>): Table {
  const names: Record<string, string> = {
    directToHand: 'throughput of the overlay beside plain VXLAN by hand (goal: 90%)',
    vipToDirect: 'throughput by the virtual address beside direct (goal: 95%)',
    sealedToDirect: 'throughput of the encrypted overlay beside the plain one',
    directToHandRoundTrip: 'round trip over the overlay beside plain VXLAN by hand',
    vipToDirectRoundTrip: 'round trip by the virtual address beside direct',
  };
  return {
    title: 'Ratios, medians of those of each round',
    columns: ['ratio', '%'],
    rows: Object.entries(ratios).map(([key, value]) => [names[key] ?? key, (value * 100).toFixed(0)]),
  };
}

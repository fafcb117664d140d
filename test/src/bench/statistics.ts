/** The middle one; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that so many percent of all are not above. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

/** A straight line through points, by least squares. */
export function fitLine(points: ReadonlyArray<readonly [x: number, y: number]>): { slope: number; at(x: number): number } {
  const mean = (pick: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = covariance / variance;
  return { slope, at: (x) => meanY + slope * (x - meanX) };
}

/** Exponent of growth: 1 means that twice the size takes twice the time. */
export function logLogSlope(points: ReadonlyArray<readonly [size: number, time: number]>): number {
  return fitLine(points.map(([size, time]) => [Math.log(size), Math.log(time)] as const)).slope;
}

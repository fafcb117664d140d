const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Such as `1.4 GiB`: at most one decimal, and rounded down so that what is too little never looks like enough. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.floor(value * 10) / 10} ${BYTE_UNITS[unit]}`;
}

/** Such as `0.25`: cores, with at most two decimals, rounded down. */
export function formatCpus(nanoCpus: number): string {
  return String(Math.floor(nanoCpus / 1e7) / 100);
}

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** Orders keys as etcd and SQLite do: by their UTF-8 bytes, which is the order of code points, not of UTF-16 units. */
export function compareKeys(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit !== rightUnit) return rank(leftUnit) - rank(rightUnit);
  }
  return left.length - right.length;
}

/** A surrogate stands for a code point above U+FFFF, so it comes after every unit that is none. */
function rank(unit: number): number {
  return unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE ? unit + 0x10000 : unit;
}

/** The later of two keys: where a paged read of `prefix` begins. */
export function firstKey(prefix: string, startKey: string | undefined): string {
  return startKey !== undefined && compareKeys(startKey, prefix) > 0 ? startKey : prefix;
}

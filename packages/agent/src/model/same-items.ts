/** Whether two lists hold the very same items in the same order. Items of the desired set are replaced when they change, never altered. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

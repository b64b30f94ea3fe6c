/** The smaller of two integers. */
export function least<T extends bigint>(a: T, b: T): T {
  if (a < b) return a
  return b
}

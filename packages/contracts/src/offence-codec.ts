/** The slashing conditions, in the order of the Solidity enumeration, as `findOffence` of @mosaic/finality names them. */
export const OFFENCES = [
  'none',
  'double-vote',
  'surround-vote',
  'contradicting-transition',
  'false-transition',
] as const

/** The slashing condition that was broken. */
export type SlashedOffence = Exclude<(typeof OFFENCES)[number], 'none'>

/** @throws RangeError if `ordinal` names no condition. */
export function toSlashedOffence(ordinal: unknown): SlashedOffence {
  const offence = OFFENCES[Number(ordinal)]
  if (offence === undefined || offence === 'none') {
    throw new RangeError(`no slashing condition ${String(ordinal)}`)
  }
  return offence
}

/**
 * Votes, links, slashing conditions, validator-set algebra. Pure.
 *
 * @packageDocumentation
 */
export {}

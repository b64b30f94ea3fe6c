/**
 * Solidity of origin and auxiliary, and typed codecs for it.
 *
 * @packageDocumentation
 */
export {}

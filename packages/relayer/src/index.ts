/**
 * Moves headers, proofs and meta-blocks between the chains.
 *
 * @packageDocumentation
 */
export {}

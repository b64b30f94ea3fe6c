/**
 * Which signer may seal which block (EIP-225); header rules. Pure.
 *
 * @packageDocumentation
 */
export {}

/**
 * Duties of a validator and its signing guard.
 *
 * @packageDocumentation
 */
export {}

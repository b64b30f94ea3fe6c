/**
 * Block tree, fork choice, transaction pool, block production.
 *
 * @packageDocumentation
 */
export {}

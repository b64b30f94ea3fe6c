/**
 * Composition root: configuration, command line, life cycle.
 *
 * @packageDocumentation
 */
export {}

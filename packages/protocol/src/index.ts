/**
 * Messages, their encodings, hashes and signatures. Pure.
 *
 * @packageDocumentation
 */
export {}

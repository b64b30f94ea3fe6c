/**
 * Chain definitions and the program that makes a genesis from what is on origin.
 *
 * @packageDocumentation
 */
export {}

/**
 * Key layout and atomic batches. The only importer of the database.
 *
 * @packageDocumentation
 */
export {}

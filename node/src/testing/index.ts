/**
 * A whole network for tests: origin with its core, auxiliary nodes, validators and relayer, in one process and with hand-turned time.
 *
 * @packageDocumentation
 */
export { createMosaic, type Mosaic, type MosaicOptions } from './create-mosaic.ts'

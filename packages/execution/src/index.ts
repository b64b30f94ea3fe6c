/**
 * EthereumJS VM: build, run, prove blocks. The only importer of @ethereumjs.
 *
 * @packageDocumentation
 */
export {}

/**
 * Client of the origin chain and of any Ethereum JSON-RPC endpoint. The only importer of ethers providers.
 *
 * @packageDocumentation
 */
export {}

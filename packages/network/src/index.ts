/**
 * libp2p: gossip and request/response. The only importer of libp2p.
 *
 * @packageDocumentation
 */
export {}

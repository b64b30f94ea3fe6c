/**
 * JSON-RPC over HTTP and WebSocket: methods, parameter checks, error codes.
 *
 * @packageDocumentation
 */
export {}

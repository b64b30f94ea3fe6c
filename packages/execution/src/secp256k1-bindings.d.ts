declare module 'secp256k1/bindings.js' {
  const api: unknown
  export default api
}

/** The part of WebAssembly that is used here: TypeScript has it only in the library of browsers. */
declare namespace WebAssembly {
  type Module = { readonly kind: 'module' }
  type Memory = { readonly buffer: ArrayBuffer }
  type Instance = { readonly exports: Readonly<Record<string, unknown>> }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module
  const Memory: new (descriptor: { readonly initial: number }) => Memory
  const Instance: new (module: Module) => Instance
}

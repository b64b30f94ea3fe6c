import { createRequire } from 'node:module'
import type { Interface, InterfaceAbi } from 'ethers'

/** The coder of a contract, made when it is first asked for. */
export type LazyInterface = () => Interface

type Module = { readonly Interface: typeof Interface }

const load = createRequire(import.meta.url)
let ethers: Module | undefined

/** Loading the coder takes 0.1 s, which a chain that has none of these contracts need not spend. */
export function lazyInterface(abi: InterfaceAbi): LazyInterface {
  let made: Interface | undefined
  return () => {
    if (made === undefined) {
      ethers ??= requireEthers(load('ethers'))
      made = new ethers.Interface(abi)
    }
    return made
  }
}

function requireEthers(module: unknown): Module {
  if (isEthers(module)) return module
  throw new TypeError('expected ethers with its class Interface')
}

function isEthers(module: unknown): module is Module {
  return (
    typeof module === 'object' &&
    module !== null &&
    'Interface' in module &&
    typeof module.Interface === 'function'
  )
}

import { Interface } from 'ethers'
import { describe, expect, test } from 'vitest'
import { eventTopic } from '../src/event-topic.ts'
import { coreAbi, finalityGadgetAbi, kernelRegistryAbi, originObserverAbi } from '../src/index.ts'

describe('eventTopic', () => {
  test.for([
    ['core', coreAbi],
    ['gadget', finalityGadgetAbi],
    ['observer', originObserverAbi],
    ['registry', kernelRegistryAbi],
  ] as const)('agrees with ethers for every event of the %s', ([, abi]) => {
    const names: string[] = []
    new Interface(abi).forEachEvent(({ name, topicHash }) => {
      names.push(name)
      expect(eventTopic(abi, name)).toBe(topicHash)
    })
    expect(names.length).toBeGreaterThan(0)
  })

  test('is of no event that is not there', () => {
    expect(() => eventTopic(coreAbi, 'Nothing')).toThrow('no event Nothing in the ABI')
  })
})

import { describe, expect, test } from 'vitest'
import { createHostGate, type HostGate } from '../src/host-gate.ts'

/** A gate that four strangers from `address` were banned at. */
function shutTo(address: string): { gate: HostGate; pass: (ms: number) => void } {
  let time = 0
  const gate = createHostGate(() => time)
  for (const peerId of ['a', 'b', 'c', 'd']) {
    expect(gate.admits(peerId, address, [])).toBe(true)
    gate.blame(peerId)
  }
  return {
    gate,
    pass: (ms) => {
      time += ms
    },
  }
}

describe('the host gate', () => {
  const MINUTE = 60_000
  test.each([
    ['/ip4/192.0.2.7/tcp/1', '/ip4/192.0.2.7/tcp/2', '/ip4/192.0.2.8/tcp/1'],
    ['/ip6/2001:db8:1:2::7/tcp/1', '/ip6/2001:db8:1:2:8:9:a:b/tcp/1', '/ip6/2001:db8:1:3::7/tcp/1'],
    ['/ip6/2001:db8::7/tcp/1', '/ip6/2001:db8:0:0:1::/tcp/1', '/ip6/2001:db8:0:1::7/tcp/1'],
  ])('closes to strangers from %s and %s, not from %s', (address, same, other) => {
    const { gate } = shutTo(address)
    expect(gate.admits('e', same, [])).toBe(false)
    expect(gate.admits('e', other, [])).toBe(true)
  })

  test('opens again little by little', () => {
    const { gate, pass } = shutTo('/ip4/192.0.2.7/tcp/1')
    pass(2.5 * MINUTE)
    expect(gate.admits('e', '/ip4/192.0.2.7/tcp/1', [])).toBe(true)
    gate.blame('e')
    expect(gate.admits('f', '/ip4/192.0.2.7/tcp/1', [])).toBe(false)
    pass(10 * MINUTE)
    gate.prune()
    expect(gate.admits('f', '/ip4/192.0.2.7/tcp/1', [])).toBe(true)
  })

  test('has sixteen places for strangers from one host', () => {
    const gate = createHostGate(() => 0)
    const others = Array.from({ length: 15 }, (_, index) => `/ip4/192.0.2.7/tcp/${index}`)
    const elsewhere = '/ip4/192.0.2.8/tcp/1'
    expect(gate.admits('a', '/ip4/192.0.2.7/tcp/99', [...others, elsewhere])).toBe(true)
    const full = [...others, '/ip4/192.0.2.7/tcp/99']
    expect(gate.admits('b', '/ip4/192.0.2.7/tcp/100', full)).toBe(false)
    expect(gate.admits('b', elsewhere, full)).toBe(true)
  })

  test('blames nobody for a peer that it has not seen come in', () => {
    const gate = createHostGate(() => 0)
    for (let i = 0; i < 10; i++) gate.blame('a')
    expect(gate.admits('b', '/ip4/192.0.2.7/tcp/1', [])).toBe(true)
  })
})

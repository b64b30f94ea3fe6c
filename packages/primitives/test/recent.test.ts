import { describe, expect, test } from 'vitest'
import { createRecent } from '../src/recent.ts'

describe('createRecent', () => {
  test('forgets what was set first', () => {
    const recent = createRecent<string, number>(2)
    for (const key of ['a', 'b', 'a', 'c']) recent.set(key, 1)
    expect(['a', 'b', 'c'].filter((key) => recent.get(key) !== undefined)).toEqual(['a', 'c'])
  })

  test('keeps no more than weighs the most together, and the last in any case', () => {
    const recent = createRecent<string, number>(10, { of: (value) => value, most: 10 })
    recent.set('a', 4)
    recent.set('b', 5)
    recent.set('b', 6)
    expect([recent.get('a'), recent.get('b')]).toEqual([4, 6])
    recent.delete('b')
    recent.delete('b')
    recent.set('c', 6)
    expect([recent.get('a'), recent.get('c')]).toEqual([4, 6])
    recent.set('d', 1)
    expect([recent.get('a'), recent.get('c'), recent.get('d')]).toEqual([undefined, 6, 1])
    recent.set('e', 50)
    expect([recent.get('d'), recent.get('e')]).toEqual([undefined, 50])
  })
})

import {
  type Candidates,
  type Execution,
  StateUnavailableError,
  type Transaction,
} from '@mosaic/execution'

/** What was built, before it has a sealed header. */
export type Body = Execution & { readonly transactions: readonly Transaction[] }

/** Candidates in a fixed order. */
export function listCandidates(list: readonly Transaction[]): Candidates {
  const rest = list[Symbol.iterator]()
  return {
    next: () => {
      const { value } = rest.next()
      return value
    },
    skipped: () => undefined,
  }
}

/**
 * Finds the first candidate with which a block cannot be built, by halving, and gives what was built without it and what comes after.
 *
 * @param attempt builds with that many of the candidates.
 * @param count how many made it fail.
 * @throws `error`, of the first failure, if nothing can be built without candidates either; StateUnavailableError.
 */
export async function findCulprit(
  attempt: (count: number) => Promise<Body>,
  count: number,
  error: unknown,
): Promise<{ readonly body: Body; readonly culprit: number }> {
  let failing = count
  let passing = 0
  let body = await attempt(0).catch((cause: unknown) => {
    throw cause instanceof StateUnavailableError ? cause : error
  })
  while (failing - passing > 1) {
    const middle = (passing + failing) >> 1
    try {
      body = await attempt(middle)
      passing = middle
    } catch (cause) {
      if (cause instanceof StateUnavailableError) throw cause
      failing = middle
    }
  }
  return { body, culprit: passing }
}

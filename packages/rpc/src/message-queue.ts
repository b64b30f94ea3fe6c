/** Works on the messages of one connection, so many at a time. */
export type MessageQueue<Message> = { readonly push: (message: Message) => void }

/**
 * @param maxParallel messages that are worked on at a time; those that come in the same piece of the stream wait here.
 * @param work does not reject.
 * @param source is told to hold back while messages wait.
 */
export function createMessageQueue<Message>(
  maxParallel: number,
  work: (message: Message) => Promise<void>,
  source: { readonly pause: () => void; readonly resume: () => void },
): MessageQueue<Message> {
  const waiting: Message[] = []
  let inFlight = 0
  let isPaused = false

  const begin = async (message: Message): Promise<void> => {
    inFlight++
    try {
      await work(message)
    } finally {
      inFlight--
      next()
    }
  }
  const next = (): void => {
    for (const message of waiting.splice(0, maxParallel - inFlight)) void begin(message)
    const isFull = inFlight >= maxParallel
    if (isFull === isPaused) return
    isPaused = isFull
    if (isFull) source.pause()
    else source.resume()
  }
  return {
    push: (message) => {
      waiting.push(message)
      next()
    },
  }
}

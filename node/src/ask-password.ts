import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { InvalidValueError } from '@mosaic/primitives'

/** Asks for a new password twice on the terminal, without showing it. @throws InvalidValueError without a terminal, or if the two differ. */
export async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new InvalidValueError('--password-file, or a terminal to ask on', undefined)
  }
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    const ask = async (prompt: string): Promise<string> => {
      process.stderr.write(prompt)
      const answer = await lines.question('')
      process.stderr.write('\n')
      return answer
    }
    const password = await ask('Password: ')
    if (password === '') throw new InvalidValueError('a password', 'nothing')
    if ((await ask('Again: ')) !== password) {
      throw new InvalidValueError('the same password twice', 'two different ones')
    }
    return password
  } finally {
    lines.close()
  }
}

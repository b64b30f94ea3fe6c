// Loaded before a node whose clock is to be wrong by the milliseconds that a file says; it is read again all the time.
import { readFileSync } from 'node:fs'

const right = Date.now
let offset = read()
setInterval(() => {
  offset = read()
}, 100).unref()
Date.now = () => right() + offset

function read() {
  return Number(readFileSync(process.env.CLOCK_FILE, 'utf8'))
}

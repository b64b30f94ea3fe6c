import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { MetricsConfig } from './config/types.ts'
import { listenAt } from './input-file.ts'
import type { Log } from './logger.ts'
import { VERSION } from './version.ts'

/** One figure, read when Prometheus asks. */
export type Figure = {
  /** Without the prefix `mosaic_`. */
  readonly name: string
  readonly help: string
  /** Its value, or one for each set of labels; nothing while it is not known. */
  readonly read: () => Reading | Promise<Reading>
}

type Value = number | bigint
type LabelledValue = { readonly labels: Readonly<Record<string, string>>; readonly value: Value }
type Reading = Value | undefined | readonly LabelledValue[]

/** The figures of one process. */
export type Metrics = {
  /** Adds figures that are read when they are asked for. Those of one name, from several parts of a process, are one figure. */
  readonly add: (figures: readonly Figure[]) => void
  /** The same log, whose events are counted, also those below its level. */
  readonly countEvents: (log: Log) => Log
  /** The exposition in Prometheus' text format. */
  readonly text: () => Promise<string>
}

/** The figures that a configuration asks for, served; and the log that is counted. @throws if the port cannot be had. */
export async function openMetrics(
  role: string,
  config: MetricsConfig | undefined,
  log: Log,
): Promise<{
  readonly metrics: Metrics | undefined
  readonly log: Log
  readonly stop: () => Promise<void>
}> {
  if (config === undefined) return { metrics: undefined, log, stop: async () => undefined }
  const metrics = createMetrics(role)
  const server = await listenAt(
    'metrics.host and metrics.port',
    `${config.host}:${config.port}`,
    serveMetrics(config, metrics),
  )
  log('info', 'metrics.ready', { url: `${server.url}/metrics` })
  return { metrics, log: metrics.countEvents(log), stop: server.stop }
}

/** Creates the figures of a process: those of Node.js, `mosaic_build_info`, and a count of what was logged. */
export function createMetrics(role: string): Metrics {
  const registry = new Registry()
  const known = new Map<string, Figure[]>()
  collectDefaultMetrics({ register: registry })
  registry.setDefaultLabels({ role })
  const build = new Gauge({
    name: 'mosaic_build_info',
    help: 'Version of this program; always 1',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
  build.set({ version: VERSION, node: process.versions.node }, 1)
  const events = new Counter({
    name: 'mosaic_events_total',
    help: 'What was logged, by level and event, whether or not the level is shown',
    labelNames: ['level', 'event'],
    registers: [registry],
  })
  return {
    add: (figures) => {
      for (const figure of figures) {
        const same = known.get(figure.name)
        if (same === undefined) {
          const all = [figure]
          known.set(figure.name, all)
          addFigure(registry, figure, all)
        } else same.push(figure)
      }
    },
    countEvents: (log) => (level, event, fields) => {
      events.inc({ level, event })
      log(level, event, fields)
    },
    text: () => registry.metrics(),
  }
}

function addFigure(registry: Registry, { name, help }: Figure, figures: readonly Figure[]): void {
  const gauge = new Gauge({
    name: `mosaic_${name}`,
    help,
    labelNames: LABELS,
    registers: [],
    async collect() {
      // A gauge begins with a zero, which nobody read.
      this.reset()
      this.remove({})
      for (const { labels, value } of (await Promise.all(figures.map(readFigure))).flat()) {
        this.set({ ...labels }, Number(value))
      }
    },
  })
  registry.registerMetric(gauge)
}

async function readFigure({ read }: Figure): Promise<readonly LabelledValue[]> {
  try {
    const reading = await read()
    if (reading === undefined) return []
    return typeof reading === 'object' ? reading : [{ labels: {}, value: reading }]
  } catch {
    // Not known now: the other figures are.
    return []
  }
}

/** Labels that figures may have. */
const LABELS = ['chain', 'account', 'use', 'peer', 'reason']

/** Serves the figures over HTTP until it is stopped. @throws if the port cannot be had. */
export async function serveMetrics(
  { host, port }: MetricsConfig,
  metrics: Metrics,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET') {
      response.writeHead(405, { allow: 'GET' }).end()
    } else if (path === '/health') {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n')
    } else if (path === '/metrics') {
      metrics.text().then(
        (text) =>
          response
            .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
            .end(text),
        () => response.writeHead(500).end(),
      )
    } else response.writeHead(404, { 'content-type': 'text/plain' }).end('/metrics, /health\n')
  })
  server.headersTimeout = 5000
  server.requestTimeout = 5000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const bound = address === null || typeof address === 'string' ? port : address.port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
